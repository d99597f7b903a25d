import { describe, expect, it } from "vitest";
import { type ListenerPorts, withListener } from "#cli/listener/event-listener.ts";

/** Ports that record what happened; those in `failing` fail. */
function listener(...failing: (keyof ListenerPorts)[]) {
  const happened: string[] = [];
  const port = (name: keyof ListenerPorts) => () => {
    happened.push(name);
    return failing.includes(name) ? Promise.reject(new Error(`${name} failed`)) : Promise.resolve();
  };
  const ports: ListenerPorts = {
    name: "smoke-1",
    createQueue: port("createQueue"),
    createRule: port("createRule"),
    removeRule: port("removeRule"),
    removeQueue: port("removeQueue"),
    receive: () => Promise.resolve([]),
    putEvent: () => Promise.resolve(),
  };
  const use = (run: () => Promise<string>) =>
    withListener(ports, () => {
      happened.push("use");
      return run();
    });
  return { happened, use };
}

describe("withListener", () => {
  it("the rule and the queue exist while they are used, and are removed after", async () => {
    const { happened, use } = listener();
    expect(await use(() => Promise.resolve("done"))).toBe("done");
    expect(happened).toEqual(["createQueue", "createRule", "use", "removeRule", "removeQueue"]);
  });

  it("both are removed if the use fails", async () => {
    const { happened, use } = listener();
    await expect(use(() => Promise.reject(new Error("no event")))).rejects.toThrow("no event");
    expect(happened).toEqual(["createQueue", "createRule", "use", "removeRule", "removeQueue"]);
  });

  it.each<[keyof ListenerPorts, string[]]>([
    ["createQueue", ["createQueue", "removeQueue"]],
    ["createRule", ["createQueue", "createRule", "removeRule", "removeQueue"]],
  ])("if %s fails, what it may have created is removed, and nothing is used", async (failing, expected) => {
    const { happened, use } = listener(failing);
    await expect(use(() => Promise.resolve("done"))).rejects.toThrow(`${failing} failed`);
    expect(happened).toEqual(expected);
  });

  it("if the rule cannot be removed, the queue is removed all the same, and the error names what remains", async () => {
    const { happened, use } = listener("removeRule");
    const error: unknown = await use(() => Promise.reject(new Error("no event"))).catch((thrown: unknown) => thrown);
    expect(happened.slice(-2)).toEqual(["removeRule", "removeQueue"]);
    expect(error).toMatchObject({ name: "ListenerNotRemoved", message: expect.stringContaining("smoke-1") as string });
    const { errors } = (error as Error).cause as AggregateError;
    expect(errors.map((each) => (each as Error).message)).toEqual(["no event", "removeRule failed"]);
  });
});
