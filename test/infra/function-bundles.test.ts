import { execFile, execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { functionBundle, functionNames } from "#infra/function-bundles.ts";

const repository = join(import.meta.dirname, "..", "..");
const functionsFolder = join(repository, "functions");
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

test("a clone of the repository in another folder makes the same bundles, so that a deployment from it changes nothing", async () => {
  const folder = await mkdtemp(join(tmpdir(), "integra-bridge-clone-"));
  try {
    const hashes = await hashesOfClone(join(folder, "of the team", "bridge"));
    expect(hashes).toEqual(hashesOf(join(functionBundle("poll-export"), "..")));
    expect(Object.keys(hashes)).toHaveLength(2 * functionNames().length);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 120_000);

test("a stack trace names a file by its path in the repository", () => {
  const { sources } = JSON.parse(readFileSync(join(functionBundle("poll-export"), "index.mjs.map"), "utf8"));
  expect(sources).toContain("functions/bulk-export/poll-export/poll-export.ts");
  expect(sources.filter((source: string) => /^(\/|\.\.)/.test(source))).toEqual([]);
});

/** The hash of each file below a folder. The CDK names an asset by its files and their content. */
function hashesOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.includes("index."));
  const hashes = files.toSorted().map((path) => [path, hash("sha256", readFileSync(join(folder, path)))] as const);
  return Object.fromEntries(hashes);
}

/** Makes a clone, as far as bundling needs it, and bundles the functions there. */
async function hashesOfClone(clone: string): Promise<Record<string, string>> {
  await mkdir(clone, { recursive: true });
  for (const part of [
    "package.json",
    "tsconfig.json",
    "functions",
    "infra/function-bundles.ts",
    "infra/web-assembly.ts",
  ])
    await cp(join(repository, part), join(clone, part), { recursive: true });
  await symlink(join(repository, "node_modules"), join(clone, "node_modules"));
  const bundles = join(clone, "bundles");
  const script = `
    import { cpSync } from "node:fs";
    import { functionBundle } from "./infra/function-bundles.ts";
    cpSync(functionBundle("poll-export") + "/..", ${JSON.stringify(bundles)}, { recursive: true });
  `;
  await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], { cwd: clone });
  return hashesOf(bundles);
}
