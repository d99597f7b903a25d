import { expect, test } from "vitest";
import { runChild } from "#local/local-aws/run-child.ts";

const node = (script: string, options: Parameters<typeof runChild>[2] = {}) =>
  runChild(process.execPath, ["--eval", script], options);

test("runChild returns the exit code and the last lines of both streams of a child that fails", async () => {
  const lines: string[] = [];
  const script = "console.log('out'); console.error('err'); process.exitCode = 3";
  const { code, tail } = await node(script, { onLine: (line) => lines.push(line) });
  expect(code).toBe(3);
  expect(tail.split("\n").toSorted()).toEqual(["err", "out"]);
  expect(lines.toSorted()).toEqual(["err", "out"]);
});

test("runChild keeps only the last lines", async () => {
  const { tail } = await node("for (let i = 0; i < 100; i++) console.log(i)");
  expect(tail.split("\n")).toHaveLength(40);
  expect(tail).toMatch(/99$/);
});

test("an abort kills the child and its own children", async () => {
  const abort = new AbortController();
  // The grandchild holds the child's output open, so the run ends only if it ends too.
  const script = `
    const { spawn } = require("node:child_process");
    spawn(process.execPath, ["--eval", "setInterval(() => {}, 1000)"], { stdio: "inherit" });
    console.log("started");`;
  const onLine = () => abort.abort(new Error("no longer wanted"));
  await expect(node(script, { signal: abort.signal, onLine })).rejects.toThrow("no longer wanted");
});

test("runChild throws if the command does not exist", async () => {
  await expect(runChild("no-such-command", [])).rejects.toThrow("ENOENT");
});
