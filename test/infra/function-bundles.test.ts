import { execFile, execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { functionBundle, functionCode, functionNames } from "#infra/function-bundles.ts";

const repository = join(import.meta.dirname, "..", "..");
const functionsFolder = join(repository, "functions");

test("each folder with a handler, wherever it is below functions/, is a function with the folder's name", () => {
  const handlers = readdirSync(functionsFolder, { recursive: true, encoding: "utf8" })
    .map((path) => path.split(/[/\\]/))
    .filter((path) => path.at(-1) === "handler.ts");
  expect(functionNames()).toEqual(handlers.map((path) => path.at(-2) ?? "").toSorted());
  expect(functionNames()).toContain("kick-off-export");
});

test("a name without a folder is refused", () => {
  expect(() => functionBundle("kick-off")).toThrow("no folder kick-off with a handler.ts is below functions/");
});

describe.each(functionNames())("the bundle of %s", (name) => {
  const { folder, modules } = functionBundle(name);
  const code = readFileSync(functionCode(name), "utf8");

  test("the bundle is one CommonJS module, without its source map", () => {
    expect(readdirSync(folder)).toEqual(["index.js", "package.json"]);
    expect(JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))).toEqual({ type: "commonjs" });
    expect(code.includes("sourceMappingURL")).toBe(false);
  });

  test("the bundle has the credentials of the environment, and no chain of other providers", () => {
    const providers = modules.map((path) => /\/(credential-provider-\w+|token-providers)\//.exec(path)?.[1]);
    expect(providers.filter((provider) => provider !== undefined && provider !== "credential-provider-env")).toEqual(
      [],
    );
  });

  test("the bundle has the schemas of no other operations of AWS than its commands", () => {
    // The plugin lean-sdk makes esbuild leave the others out. The schema of an operation begins with this kind and its service.
    const operations = code.match(/=\[9,[\w$]+,/g) ?? [];
    const commands = modules.filter((path) => /\/client-[\w-]+\/dist-es\/commands\/\w+Command\.js$/.test(path));
    expect(operations.length).toBe(commands.length);
  });

  test("the bundle has no reader of configuration files, and nothing of the package.json of the SDK but the version", () => {
    const readers = modules.filter((path) => /\/(loadSharedConfigFiles|readFile|parseIni)\.js$/.test(path));
    expect(readers).toEqual([]);
    expect(modules.includes("functions/platform/lambda/no-config-files.ts")).toBe(
      modules.some((path) => path.includes("/node-config-provider/fromSharedConfigFiles.js")),
    );
    expect(code).not.toContain("devDependencies");
  });

  test("the bundle has undici exactly if it opens connections to the server, and then only the files that it needs", () => {
    const undici = modules.filter((path) => path.startsWith("node_modules/undici/"));
    expect(undici.length > 0).toBe(modules.includes("functions/platform/http/connections.ts"));
    expect(
      undici.filter((path) => !/^node_modules\/undici\/lib\/(api|core|dispatcher|llhttp|util)\//.test(path)),
    ).toEqual([]);
  });

  test("the bundle leaves out only those files of undici that no request of ours comes to", () => {
    const left = code.matchAll(/\("([^"]*\/node_modules\/[^"]*)"\)/g);
    const allowed = /^\.\.\/node_modules\/undici\/lib\/(web\/|llhttp\/llhttp-wasm\.js$)/;
    expect([...left].map(([, path]) => path ?? "").filter((path) => !allowed.test(path))).toEqual([]);
  });

  test("no module is imported at run time, except the one in place of event streams", () => {
    // esbuild writes such an import like this. It makes each module below it start by itself, in a function of its own.
    const imported = code.split("Promise.resolve().then(()=>(").length - 1;
    expect(imported).toBe(modules.includes("functions/platform/lambda/no-event-streams.ts") ? 1 : 0);
  });

  test("the bundle contains every module that it needs, except Node's own", () => {
    const required = [...code.matchAll(/[=(,]require\("([\w@][\w@:/.-]*)"\)/g)].map(([, specifier]) => specifier ?? "");
    expect(required.filter((specifier) => !isBuiltin(specifier))).toEqual([]);
    expect(code).not.toMatch(/[;}]import[\s{*]/);
    // These texts are from version 2 of the AWS SDK, which Lambda's Node 24 does not have.
    expect(code).not.toMatch(/aws-sdk-nodejs\/|require\("aws-sdk"\)/);
  });
});

test("every bundle loads in plain Node, without node_modules, and exports its handler", () => {
  const urls = Object.fromEntries(functionNames().map((name) => [name, pathToFileURL(functionCode(name)).href]));
  const script = `
    for (const [name, url] of Object.entries(${JSON.stringify(urls)}))
      console.log(name, typeof (await import(url)).handler);
  `;
  const printed = execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" });
  expect(printed.trim().split("\n")).toEqual(functionNames().map((name) => `${name} function`));
});

test("no bundle makes Node load its own undici or HTTP/2 at the start", () => {
  const script = `
    for (const file of ${JSON.stringify(functionNames().map(functionCode))}) require(file);
    console.log(JSON.stringify(process.moduleLoadList));
  `;
  const loaded: string[] = JSON.parse(execFileSync(process.execPath, ["--eval", script], { encoding: "utf8" }));
  expect(loaded).toContain("NativeModule https");
  expect(loaded.filter((name) => /NativeModule (internal\/deps\/undici|http2)$/.test(name))).toEqual([]);
});

test("a clone of the repository in another folder makes the same bundles, so that a deployment from it changes nothing", async () => {
  const folder = await mkdtemp(join(tmpdir(), "integra-bridge-clone-"));
  try {
    const hashes = await hashesOfClone(join(folder, "of the team", "bridge"));
    expect(hashes).toEqual(hashesOf(join(functionBundle("poll-export").folder, "..")));
    expect(Object.keys(hashes)).toHaveLength(functionNames().length);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 600_000);

test("a source map names a file by its path in the repository", () => {
  const { sources } = JSON.parse(functionBundle("poll-export").sourceMap);
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
    "infra/bundle-functions.ts",
    "infra/bundle-options.ts",
    "infra/function-bundles.ts",
    "infra/lean-sdk.ts",
    "infra/lean-undici.ts",
    "infra/web-assembly.ts",
  ])
    await cp(join(repository, part), join(clone, part), { recursive: true });
  await symlink(join(repository, "node_modules"), join(clone, "node_modules"));
  const bundles = join(clone, "bundles");
  const script = `
    import { cpSync } from "node:fs";
    import { functionBundle } from "./infra/function-bundles.ts";
    cpSync(functionBundle("poll-export").folder + "/..", ${JSON.stringify(bundles)}, { recursive: true });
  `;
  await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], { cwd: clone });
  return hashesOf(bundles);
}
