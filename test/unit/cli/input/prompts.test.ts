import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { withPrompts } from "#cli/input/prompts.ts";

/** A terminal, and what it shows. */
function terminal() {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const shown: string[] = [];
  const streams = { input, output: { write: () => true }, errors: { write: (text: string) => shown.push(text) } };
  return { input, streams, shown: () => shown.join("") };
}

const { signal } = new AbortController();

describe("prompts", () => {
  it("show what is asked and typed, but not a secret", async () => {
    const { input, streams, shown } = terminal();
    const answers = await withPrompts(streams, signal, async ({ ask, askHidden }) => {
      const name = ask("Name");
      input.write(" Ada \n");
      await name;
      const token = askHidden("Token");
      input.write("se-");
      input.write("cret\n");
      return [await name, await token];
    });
    expect(answers).toEqual(["Ada", "se-cret"]);
    expect(shown()).toContain("Name: ");
    expect(shown()).toContain("Token (not shown): ");
    expect(shown()).toContain("Ada");
    expect(shown()).not.toContain("cret");
  });

  it("an input that ends before its answer is an error, not an empty answer", async () => {
    const { input, streams } = terminal();
    input.end("Ada\n");
    const asked = withPrompts(streams, signal, async ({ ask }) => [await ask("Name"), await ask("Phone")]);
    await expect(asked).rejects.toThrow("the input ended");
  });

  it("end with the command", async () => {
    const { streams } = terminal();
    const controller = new AbortController();
    const asked = withPrompts(streams, controller.signal, ({ ask }) => ask("Name"));
    const stopped = new Error("stopped by SIGINT");
    controller.abort(stopped);
    await expect(asked).rejects.toBe(stopped);
  });
});
