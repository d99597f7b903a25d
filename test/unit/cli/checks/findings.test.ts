import { describe, expect, it } from "vitest";
import { firstOf, lineOf, runChecks } from "#cli/checks/findings.ts";
import { ListenerNotRemoved } from "#cli/listener/event-listener.ts";
import { type Finding, failed, ok, unchecked, warning } from "#platform/findings/findings.ts";

async function run(answers: (() => Promise<Finding | Finding[]>)[], signal = new AbortController().signal) {
  const lines: string[] = [];
  const checks = answers.map((check) => ({ name: "stacks" as const, check }));
  const code = await runChecks(checks, (finding) => lines.push(lineOf(finding)), signal);
  return { code, lines };
}

const gives = (finding: Finding) => () => Promise.resolve(finding);

describe("runChecks", () => {
  it.each([
    [[ok("a"), ok("b")], 0],
    [[ok("a"), warning("b", "c"), ok("d")], 1],
    [[failed("a", "b"), warning("c", "d"), unchecked("e", "f")], 2],
    [[unchecked("a", "b"), warning("c", "d")], 3],
    [[], 0],
  ])("the exit code is that of the worst line: %j gives %i", async (findings, code) => {
    expect((await run(findings.map(gives))).code).toBe(code);
  });

  it("each check has one line with its name, what it saw and what to do", async () => {
    const { lines } = await run([gives(ok("fine")), gives(failed("it is\n  broken", "repair it"))]);
    expect(lines).toEqual(["ok              stacks: fine", "failed          stacks: it is broken. To do: repair it"]);
  });

  it("what a check that throws looks at could not be checked, and the others still run", async () => {
    const cause = new Error("no network");
    const { code, lines } = await run([() => Promise.reject(new Error("denied", { cause })), gives(ok("fine"))]);
    expect(code).toBe(3);
    expect(lines[0]).toContain("could not check stacks: Error: denied (because of Error: no network). To do:");
    expect(lines[1]).toBe("ok              stacks: fine");
  });

  it("a check may find several things, and each has a line", async () => {
    const { code, lines } = await run([() => Promise.resolve([ok("one"), warning("two", "look")])]);
    expect(code).toBe(1);
    expect(lines).toEqual(["ok              stacks: one", "warning         stacks: two. To do: look"]);
  });

  it("a signal ends the run with its reason, and no further check starts", async () => {
    const controller = new AbortController();
    const stopped = new Error("stopped");
    const lines: string[] = [];
    const check = () => {
      controller.abort(stopped);
      return Promise.reject(new Error("aborted"));
    };
    const checks = [check, gives(ok("fine"))].map((each) => ({ name: "stacks" as const, check: each }));
    await expect(runChecks(checks, (finding) => lines.push(lineOf(finding)), controller.signal)).rejects.toBe(stopped);
    expect(lines).toEqual([]);
  });

  it("what could not be removed is reported, even if a signal ends the run", async () => {
    const controller = new AbortController();
    const lines: string[] = [];
    const check = () => {
      controller.abort(new Error("stopped"));
      return Promise.reject(new ListenerNotRemoved("the rule r may still exist"));
    };
    const checks = [
      { name: "dry run" as const, check },
      { name: "export" as const, check: gives(ok("fine")) },
    ];
    await expect(runChecks(checks, (finding) => lines.push(lineOf(finding)), controller.signal)).rejects.toThrow(
      "stopped",
    );
    expect(lines).toEqual([
      "failed          dry run: ListenerNotRemoved: the rule r may still exist. To do: remove both by hand",
    ]);
  });
});

it.each([
  [["a"], "a"],
  [["a", "b", "c"], "a, b, c"],
  [["a", "b", "c", "d", "e"], "a, b, c and 2 more"],
])("firstOf shortens %j", (list, text) => {
  expect(firstOf(list)).toBe(text);
});
