import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { smokeLines } from "#cli/smoke/smoke-report.ts";
import { guaranteesOf, isTitleOf, namedTests, pages, testsOf, testsOfFile } from "./guarantees.ts";

const atLeast = { "reliability.md": 60, "aws.md": 25 } as const;

describe.each(Object.entries(pages))("docs/%s", (page, rows) => {
  it("each row names at least one test", () => {
    expect(rows.length).toBeGreaterThan(atLeast[page as keyof typeof atLeast]);
    expect(rows.filter(({ references }) => references.length === 0)).toEqual([]);
  });

  it("each row says something else", () => {
    const sentences = rows.map(({ guarantee }) => guarantee);
    expect(sentences).toEqual([...new Set(sentences)]);
  });
});

it.each(namedTests)(
  "a test that docs/$page names exists, runs and asserts something: $file: $title",
  ({ file, title }) => {
    // vitest.config.ts runs these folders.
    expect(file).toMatch(/^test\/(?:unit|workflow|contracts|infra|integration)\//);
    const tests = testsOfFile(file);
    const faults = tests.filter((test) => test.title === title && !(test.runs && test.asserts));
    expect(tests.map((test) => test.title)).toContain(title);
    expect(faults).toEqual([]);
  },
);

describe("docs/aws.md", () => {
  const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "aws.md"), "utf8");

  it("each row has a command for a real stage in its last cell", () => {
    const rows = page.split("\n").filter((line) => line.startsWith("| ") && line.includes("](../test/"));
    expect(rows.length).toBe(pages["aws.md"].length);
    expect(rows.filter((row) => !/\| [^|]*`(?:npm|npx|aws|curl) [^`]+`[^|]*\|$/.test(row))).toEqual([]);
  });

  it("each line of npm run smoke that the page names is printed", () => {
    const named = [...page.matchAll(/line `([^`]+)`/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !smokeLines.includes(name as (typeof smokeLines)[number]))).toEqual([]);
  });
});

describe("the reader of the pages", () => {
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
