import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { renderCliDocs } from "#cli/cli-docs.ts";

const repository = join(import.meta.dirname, "..", "..");

describe("the documentation of the command line", () => {
  it.each([...renderCliDocs()])("%s is up to date (npm run docs writes it)", async (path, text) => {
    expect(await readFile(join(repository, path), "utf8")).toBe(text);
  });
});
