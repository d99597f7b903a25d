import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildConsole } from "#console/build-console.ts";

/** Bytes of all scripts, compressed. */
const scriptBudget = 40_000;

const files = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const contentOf = (folder: string) =>
  Object.fromEntries(files(folder).map((file) => [file.slice(folder.length), readFileSync(file, "base64")]));

describe("the built console", () => {
  const folders = [1, 2].map(() => mkdtempSync(join(tmpdir(), "integra-bridge-console-")));
  const [first = "", second = ""] = folders;
  beforeAll(() => folders.forEach(buildConsole));
  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

  const page = () => readFileSync(join(first, "index.html"), "utf8");

  it("is the same each time", () => {
    expect(contentOf(second)).toEqual(contentOf(first));
  });

  it("has few enough bytes of script", () => {
    const scripts = files(first).filter((file) => file.endsWith(".js"));
    expect(scripts.length).toBeGreaterThan(0);
    const bytes = scripts.reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0);
    expect(bytes).toBeLessThan(scriptBudget);
  });

  it("has nothing inline that its Content-Security-Policy refuses", () => {
    expect(page()).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:/i);
    const scripts = [...page().matchAll(/<script([^>]*)>([^<]*)<\/script>/g)];
    expect(scripts).toHaveLength(1);
    for (const [, attributes, text] of scripts) {
      expect(attributes).toContain('src="/assets/');
      expect(text).toBe("");
    }
  });

  it("loads nothing from elsewhere", () => {
    for (const [, address] of page().matchAll(/(?:src|href)="([^"]*)"/g)) expect(address).toMatch(/^\/[^/]/);
  });
});
