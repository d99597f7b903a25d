import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";

const read = (name: string) => readFile(new URL(`../../../../local/local-aws/${name}`, import.meta.url), "utf8");
const lock = await read("requirements.txt");
const packages = lock.split(/^(?=[a-z])/m).filter((entry) => /^[a-z]/.test(entry));

test("the lock file has every required package in its required version", async () => {
  for (const wanted of (await read("requirements.in")).trim().split("\n")) expect(lock).toContain(`\n${wanted} `);
});

test("every package of the lock file has one version and a hash", () => {
  for (const entry of packages) expect(entry).toMatch(/^[a-z0-9-]+==\S+ \\\n {4}--hash=sha256:[0-9a-f]{64}/);
});

test("the lock file names no index, so pip's own configuration decides", () => {
  expect(lock).not.toMatch(/:\/\/|--index-url|--find-links|--trusted-host/);
});
