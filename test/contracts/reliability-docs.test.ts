import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const repository = join(import.meta.dirname, "..", "..");
const page = readFileSync(join(repository, "docs", "reliability.md"), "utf8");

/** Each `file` "title" that the page names as the holder of an invariant. */
const named = [...page.matchAll(/`(test\/[\w./-]+\.test\.ts)` "([^"]+)"/g)].map(
  ([, file = "", title = ""]) => [file, title] as const,
);

test("the page of invariants names tests, and a test for each invariant", () => {
  expect(named.length).toBeGreaterThan(30);
  const invariants = page.split("\n").filter((line) => /^\| (?!invariant|---)/.test(line));
  expect(invariants.filter((line) => !/`test\/[\w./-]+\.test\.ts` "/.test(line))).toEqual([]);
});

test.each(named)("%s holds: %s", (file, title) => {
  expect(readFileSync(join(repository, file), "utf8")).toContain(`"${title}"`);
});
