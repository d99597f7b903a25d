import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { functionBundle, functionNames } from "#infra/function-bundles.ts";

const functionsFolder = join(import.meta.dirname, "..", "..", "functions");
const mebibyte = 1024 * 1024;

test("each folder with a handler, wherever it is below functions/, is a function with the folder's name", () => {
  const handlers = readdirSync(functionsFolder, { recursive: true, encoding: "utf8" })
    .map((path) => path.split(/[/\\]/))
    .filter((path) => path.at(-1) === "handler.ts");
  expect(functionNames()).toEqual(handlers.map((path) => path.at(-2)).toSorted());
  expect(functionNames()).toContain("kick-off-export");
});

test("a name without a folder is refused", () => {
  expect(() => functionBundle("kick-off")).toThrow("no folder kick-off with a handler.ts is below functions/");
});

describe.each(functionNames())("the bundle of %s", (name) => {
  const code = join(functionBundle(name), "index.mjs");

  test("the bundle is one module with its source map", () => {
    expect(readdirSync(functionBundle(name)).toSorted()).toEqual(["index.mjs", "index.mjs.map"]);
  });

  test("the bundle is smaller than 2 MiB, because a cold start reads all of it", () => {
    expect(statSync(code).size).toBeLessThan(2 * mebibyte);
  });

  test("the bundle contains every module that it needs, except Node's own", () => {
    const source = readFileSync(code, "utf8");
    const imported = [...source.matchAll(/\bfrom\s*"([\w@:][\w@:/.-]*)"/g)].map(([, specifier]) => specifier as string);
    expect(imported.filter((specifier) => !/^(node:)?[a-z_]+(\/[a-z]+)?$/.test(specifier))).toEqual([]);
    // These texts are from version 2 of the AWS SDK, which Lambda's Node 24 does not have.
    expect(source).not.toMatch(/aws-sdk-nodejs\/|require\("aws-sdk"\)/);
  });
});

test("every bundle loads in plain Node, without node_modules, and exports its handler", () => {
  const urls = Object.fromEntries(
    functionNames().map((name) => [name, pathToFileURL(join(functionBundle(name), "index.mjs")).href]),
  );
  const script = `
    for (const [name, url] of Object.entries(${JSON.stringify(urls)}))
      console.log(name, typeof (await import(url)).handler);
  `;
  const printed = execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" });
  expect(printed.trim().split("\n")).toEqual(functionNames().map((name) => `${name} function`));
});
