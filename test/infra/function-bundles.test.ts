import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { functionBundle, functionNames } from "../../infra/function-bundles.ts";

const functions = join(import.meta.dirname, "..", "..", "functions");
const mebibyte = 1024 * 1024;

test("each folder with a handler is a function", () => {
  const folders = readdirSync(functions)
    .filter((wing) => statSync(join(functions, wing)).isDirectory())
    .flatMap((wing) =>
      readdirSync(join(functions, wing)).filter((name) => existsSync(join(functions, wing, name, "handler.ts"))),
    );
  expect(functionNames()).toEqual(folders.toSorted());
  expect(functionNames()).toContain("kick-off-export");
});

describe.each(functionNames())("the bundle of %s", (name) => {
  const code = join(functionBundle(name), "index.mjs");

  test("is one module with its source map", () => {
    expect(readdirSync(functionBundle(name)).toSorted()).toEqual(["index.mjs", "index.mjs.map"]);
  });

  test("stays below 2 MiB: a cold start reads all of it", () => {
    expect(statSync(code).size).toBeLessThan(2 * mebibyte);
  });

  test("brings every module that it needs, but Node's own", () => {
    const source = readFileSync(code, "utf8");
    const imported = [...source.matchAll(/\bfrom\s*"([\w@:][\w@:/.-]*)"/g)].map(([, specifier]) => specifier as string);
    expect(imported.filter((specifier) => !/^(node:)?[a-z_]+(\/[a-z]+)?$/.test(specifier))).toEqual([]);
    // Version 2 of the AWS SDK calls itself this; Lambda's Node no longer has it.
    expect(source).not.toMatch(/aws-sdk-nodejs\/|require\("aws-sdk"\)/);
  });
});

test("every bundle loads in plain Node, away from node_modules, and exports its handler", () => {
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
