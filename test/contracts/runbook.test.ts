import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { exportWarningCodes } from "#bulk-export/language/export-warnings.ts";
import { wings } from "#functions/wings.ts";

const runbook = readFileSync(join(import.meta.dirname, "..", "..", "docs", "runbook.md"), "utf8");

/** The codes that have a row of their own in the runbook. */
const documented = new Set([...runbook.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code));

describe("the runbook", () => {
  it.each(wings)("the runbook explains each log code of $name", ({ logCodes }) => {
    expect(Object.keys(logCodes).filter((code) => !documented.has(code))).toEqual([]);
  });

  it("the runbook explains each warning of an export", () => {
    expect(Object.keys(exportWarningCodes).filter((code) => !documented.has(code))).toEqual([]);
  });

  it("the runbook explains no code that does not exist", () => {
    const known = new Set(wings.flatMap(({ logCodes }) => Object.keys(logCodes)));
    for (const code of Object.keys(exportWarningCodes)) known.add(code);
    expect([...documented].filter((code) => code !== undefined && !known.has(code))).toEqual([]);
  });
});
