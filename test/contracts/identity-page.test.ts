import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { smartSettings } from "#user-session/language/smart-settings.ts";
import { blocksOf, isRunnable } from "../fixtures/page-commands.ts";

const blocks = blocksOf(readFileSync(new URL("../../docs/identity.md", import.meta.url), "utf8"));

describe("docs/identity.md", () => {
  it("each command is run by a test, or says what it needs", () => {
    const shell = blocks.filter(({ language }) => language === "sh");
    expect(shell.filter(isRunnable).length).toBeGreaterThan(10);
    for (const { text } of shell.filter((block) => !isRunnable(block)))
      expect(text).toMatch(/^# (?:AWS only|in a terminal of its own)\n/);
  });

  it("its settings, and those of its local stage, are valid", () => {
    const { smart } = JSON.parse(blocks.find(({ language }) => language === "json")?.text ?? "") as { smart: object };
    const local = /--settings '(.*)'/.exec(blocks.map(({ text }) => text).join("\n"))?.[1] ?? "";
    for (const given of [smart, (JSON.parse(local) as { smart: object }).smart])
      expect(smartSettings.safeParse(given).error).toBeUndefined();
  });
});
