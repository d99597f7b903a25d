import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

const repository = join(import.meta.dirname, "..");
const functionsFolder = join(repository, "functions");

/** What Lambda gets of a function, and what stays here. */
export interface FunctionBundle {
  /** The folder that Lambda gets: `index.js`, and a `package.json` that says that it is CommonJS. */
  folder: string;
  /** The first 12 hexadecimal digits of the SHA-256 of `index.js`. Each log line of the function has it as `build`. */
  build: string;
  /** The source map of `index.js`, as JSON. Its sources are paths from the repository's root. */
  sourceMap: string;
  /** The modules whose code is in the bundle, as paths from the repository's root. Modules without code in it are not among them. */
  modules: string[];
}

let bundles: Map<string, FunctionBundle> | undefined;

/**
 * The bundle of a function. The first call bundles all functions in one run of esbuild: a run for each function would slow
 * every deployment down.
 * @param name the name of the function's folder, wherever it is below functions/
 * @throws Error if there is no such function
 */
export function functionBundle(name: string): FunctionBundle {
  bundles ??= bundleAll();
  const bundle = bundles.get(name);
  if (bundle === undefined) throw new Error(`no folder ${name} with a handler.ts is below functions/`);
  return bundle;
}

/** The bundle with this `build`; undefined if these sources make none. */
export function bundleOfBuild(build: string): FunctionBundle | undefined {
  return functionNames()
    .map((name) => functionBundle(name))
    .find((bundle) => bundle.build === build);
}

/** The path of a function's code, for tests and measurements that run it. */
export function functionCode(name: string): string {
  return join(functionBundle(name).folder, "index.js");
}

/** The names of the Lambda functions. Each folder below functions/ with a handler is one, and gives it its name. */
export function functionNames(): string[] {
  return [...functionFolders().keys()].toSorted();
}

/**
 * The folder of each function by its name, relative to functions/: `bulk-export/poll-export`.
 * @throws Error if two functions have the same name
 */
function functionFolders(): Map<string, string> {
  const folders = readdirSync(functionsFolder, { recursive: true, encoding: "utf8" })
    .filter((path) => basename(path) === "handler.ts")
    .map((path) => dirname(path))
    .toSorted();
  const byName = new Map(folders.map((folder) => [basename(folder), folder]));
  if (byName.size < folders.length) throw new Error(`two functions have the same name: ${folders.join(", ")}`);
  return byName;
}

/**
 * Bundles all functions. The CDK needs the bundles at once, and esbuild takes plugins only in its asynchronous form. So esbuild
 * runs in a process of its own.
 */
function bundleAll(): Map<string, FunctionBundle> {
  const parent = mkdtempSync(join(tmpdir(), "integra-bridge-functions-"));
  process.on("exit", () => rmSync(parent, { recursive: true, force: true }));
  const entries = JSON.stringify(Object.fromEntries(functionFolders()));
  const printed = execFileSync(process.execPath, [join(import.meta.dirname, "bundle-functions.ts"), parent, entries], {
    encoding: "utf8",
    maxBuffer: 16 * 1024 ** 2,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const modulesOf = JSON.parse(printed) as Record<string, string[]>;
  return new Map(
    Object.entries(modulesOf).map(([name, modules]) => {
      const folder = join(parent, "functions", name);
      const build = hash("sha256", readFileSync(join(folder, "index.js"))).slice(0, 12);
      const sourceMap = readFileSync(join(parent, "maps", `${name}.json`), "utf8");
      return [name, { folder, build, sourceMap, modules }];
    }),
  );
}
