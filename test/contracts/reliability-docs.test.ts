import { describe, expect, it } from "vitest";
import { guarantees, guaranteesOf, isTitleOf, testsOf, testsOfFile } from "./guarantees.ts";

const named = guarantees.flatMap(({ references }) => references.map(({ file, title }) => [file, title] as const));

describe("docs/reliability.md", () => {
  it("each guarantee names at least one test", () => {
    expect(guarantees.length).toBeGreaterThan(60);
    expect(guarantees.filter(({ references }) => references.length === 0)).toEqual([]);
  });

  it("each guarantee is stated once", () => {
    const sentences = guarantees.map(({ guarantee }) => guarantee);
    expect(sentences).toEqual([...new Set(sentences)]);
  });

  it.each(named)("a test that the page names exists, runs and asserts something: %s: %s", (file, title) => {
    // vitest.config.ts runs these folders.
    expect(file).toMatch(/^test\/(?:unit|workflow|contracts|infra|integration)\//);
    const tests = testsOfFile(file);
    const faults = tests.filter((test) => test.title === title && !(test.runs && test.asserts));
    expect(tests.map((test) => test.title)).toContain(title);
    expect(faults).toEqual([]);
  });
});

describe("the reader of docs/reliability.md", () => {
  it("the reader finds every reference of a row, and rows without references", () => {
    const row =
      '| A holds | [a.test.ts](../test/unit/a.test.ts) "is a"<br>[b.test.ts](../test/infra/b.test.ts) "is b" |';
    expect(guaranteesOf(`| guarantee | tests |\n| --- | --- |\n${row}\n| B holds | none |\n`)).toEqual([
      {
        guarantee: "A holds",
        references: [
          { file: "test/unit/a.test.ts", title: "is a" },
          { file: "test/infra/b.test.ts", title: "is b" },
        ],
      },
      { guarantee: "B holds", references: [] },
    ]);
  });

  it.each([
    ["fails with %s", "fails with a 500", true],
    ["fails with %s", "fails", false],
    ["keeps 100%% of $name", "keeps 100% of all files", true],
    ["(a bomb) is refused", "(a bomb) is refused", true],
    ["(a bomb) is refused", "(a bomb) is refused twice", false],
  ])("the reader compares the title '%s' with the name '%s': %s", (title, name, expected) => {
    expect(isTitleOf(title, name)).toBe(expected);
  });
});

describe("the reader of test sources", () => {
  const vitest = 'import { describe, expect, it, test } from "vitest";\n';

  it.each([
    ["an it with expect", 'it("t", () => { expect(1).toBe(1); });', { runs: true, asserts: true }],
    ["a test with a property", 'test("t", async () => { await fc.assert(property); });', { runs: true, asserts: true }],
    ["a table", 'it.each([1])("t", (n) => expect(n).toBe(1));', { runs: true, asserts: true }],
    [
      "an assertion by another's name",
      'it("t", async () => { await server.expectNothing(); });',
      { runs: true, asserts: true },
    ],
    ["no assertion", 'it("t", () => { run(); });', { runs: true, asserts: false }],
    ["a skipped test", 'it.skip("t", () => { expect(1).toBe(1); });', { runs: false, asserts: true }],
    ["a conditional test", 'it.skipIf(slow)("t", () => { expect(1).toBe(1); });', { runs: false, asserts: true }],
    ["a test that is to be written", 'it.todo("t");', { runs: false, asserts: false }],
    [
      "a skipped group",
      'describe.skip("g", () => { it("t", () => { expect(1).toBe(1); }); });',
      { runs: false, asserts: true },
    ],
    [
      "a group",
      'describe.each([1])("g %i", () => { it("t", () => { expect(1).toBe(1); }); });',
      { runs: true, asserts: true },
    ],
  ])("the reader recognises %s", (_, source, expected) => {
    expect(testsOf(vitest + source)).toEqual([{ title: "t", ...expected }]);
  });

  it("the reader ignores another object with the name test", () => {
    expect(testsOf('import { it } from "vitest";\ntest.start("t", () => { expect(1).toBe(1); });')).toEqual([]);
  });
});
