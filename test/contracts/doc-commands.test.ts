import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { blocksOf, isRunnable, runPages } from "../fixtures/page-commands.ts";

const repository = join(import.meta.dirname, "..", "..");
const pages = globSync(["README.md", "docs/*.md"], { cwd: repository }).toSorted();
const read = (page: string): string => readFileSync(join(repository, page), "utf8");

/** What a block of commands needs that a test does not have. The block says so in its first line. */
const needs = /^# (?:AWS only|in a terminal of its own|takes minutes)\n/;

/** A line of an indented block that is a command. Such a block could not say what it needs. */
const indentedCommand = /^(?: {4}|\t)\s*(?:aws|npm|npx|curl|jq|eval|docker|git|node) /m;

/** The page without its fenced blocks. */
const unfenced = (page: string): string => page.replaceAll(/^ *```.*?^ *```$/gms, "");

describe("the commands of the pages for people", () => {
  it.each(pages)("%s: each command is run by a test, or says what it needs", (page) => {
    const shell = blocksOf(read(page)).filter(({ language }) => language === "sh");
    const unexplained = shell.filter((block) =>
      isRunnable(block) ? !runPages.includes(page) : !needs.test(block.text),
    );
    expect(unexplained).toEqual([]);
  });

  it.each(pages)("%s: no command is in a block that cannot say what it needs", (page) => {
    expect(unfenced(read(page))).not.toMatch(indentedCommand);
    const languages = new Set(blocksOf(read(page)).map(({ language }) => language));
    for (const language of languages) expect(["sh", "json", "text", "http"]).toContain(language);
  });
});
