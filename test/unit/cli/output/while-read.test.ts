import { EventEmitter } from "node:events";
import { beforeEach, describe, expect, it } from "vitest";
import { exitCodes } from "#cli/output/exit-codes.ts";
import { whileRead } from "#cli/output/while-read.ts";

const broken = (code: string) => Object.assign(new Error(`write ${code}`), { code });

describe("a command whose output somebody reads", () => {
  let output: EventEmitter;
  let errors: EventEmitter;
  let stop: AbortController;
  let removed: boolean;
  beforeEach(() => {
    [output, errors, stop, removed] = [new EventEmitter(), new EventEmitter(), new AbortController(), false];
  });

  /** Runs a command that goes on until its signal fires, and then needs a moment to clean up. */
  const tail = (begun: () => void) =>
    whileRead([output, errors], stop.signal, async (signal) => {
      begun();
      await new Promise((resolve) => setImmediate(resolve));
      removed = true;
      signal.throwIfAborted();
      return exitCodes.endedInPart;
    });

  it("ends by itself as long as it is read", async () => {
    expect(await tail(() => undefined)).toBe(exitCodes.endedInPart);
  });

  it.each(["output", "errors"] as const)(
    "removes what it made, and is done, if the reader of its %s goes",
    async (name) => {
      const stream = { output, errors }[name];
      expect(await tail(() => stream.emit("error", broken("EPIPE")))).toBe(exitCodes.done);
      // What else is written while it cleans up fails as well, and nobody minds.
      stream.emit("error", broken("EPIPE"));
      expect(removed).toBe(true);
    },
  );

  it("fails if its output cannot be written for another reason", async () => {
    await expect(tail(() => output.emit("error", broken("ENOSPC")))).rejects.toThrow("ENOSPC");
    expect(removed).toBe(true);
  });

  it("is stopped by Ctrl-C all the same", async () => {
    await expect(tail(() => stop.abort(new Error("stopped by SIGINT")))).rejects.toThrow("SIGINT");
  });
});
