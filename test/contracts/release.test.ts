import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const repository = join(import.meta.dirname, "..", "..");
const read = (file: string): string => readFileSync(join(repository, file), "utf8");
const { version, license } = JSON.parse(read("package.json")) as { version: string; license: string };

/** The headings of the changelog's versions, in the order of the page: "Unreleased" and "0.2.0 - 2026-11-26". */
const headings = [...read("CHANGELOG.md").matchAll(/^## \[([^\]]+)\](?: - (.+))?$/gm)].map(([, name, date]) => ({
  name,
  date,
}));

describe("a release", () => {
  it("the lock file has the version of package.json", () => {
    const lock = JSON.parse(read("package-lock.json")) as {
      version: string;
      packages: Record<string, { version: string }>;
    };

    expect([lock.version, lock.packages[""]?.version]).toEqual([version, version]);
  });

  it("the changelog has the version of package.json with a date", () => {
    expect(headings).toContainEqual({ name: version, date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) });
  });

  it("the changelog begins with unreleased changes and lists versions from new to old", () => {
    const [first, ...versions] = headings.map(({ name }) => name ?? "");
    const byAge = versions.toSorted((one, other) => other.localeCompare(one, "en", { numeric: true }));

    expect(first).toBe("Unreleased");
    expect(versions).toEqual(byAge);
  });

  it("the license file has the license that package.json names", () => {
    expect(license).toBe("Apache-2.0");
    expect(read("LICENSE")).toMatch(/Apache License\s+Version 2\.0, January 2004/);
  });
});
