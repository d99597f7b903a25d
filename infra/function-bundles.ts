import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";
import { buildSync } from "esbuild";
import { compileTakeLines } from "./web-assembly.ts";

const repository = join(import.meta.dirname, "..");
const functionsFolder = join(repository, "functions");

let bundles: string | undefined;

/**
 * The folder of a function's bundle, with `index.mjs` in it. The first call bundles all functions in one run of esbuild: a
 * run for each function would slow every deployment down.
 * @param name the name of the function's folder, wherever it is below functions/
 * @throws Error if there is no such function
 */
export function functionBundle(name: string): string {
  if (!functionFolders().has(name)) throw new Error(`no folder ${name} with a handler.ts is below functions/`);
  bundles ??= bundleAll();
  return join(bundles, name);
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

/** Bundles all functions. The same sources make the same bytes in every folder, so that a deployment changes only what changed. */
function bundleAll(): string {
  const folder = mkdtempSync(join(tmpdir(), "integra-bridge-functions-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const { outputFiles } = buildSync({
    absWorkingDir: repository,
    entryPoints: [...functionFolders()].map(([name, path]) => ({
      in: join(functionsFolder, path, "handler.ts"),
      out: join(name, "index"),
    })),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    write: false,
    bundle: true,
    // node_modules may be a link to a folder elsewhere, whose place must not be in the bundles.
    preserveSymlinks: true,
    platform: "node",
    target: "node24",
    format: "esm",
    mainFields: ["module", "main"],
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    define: { TAKE_LINES_WASM: JSON.stringify(compileTakeLines()) },
    // Some dependencies are CommonJS and call `require` for Node's own modules.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "warning",
  });
  for (const { path, text } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, path.endsWith(".map") ? withPortableSources(path, text) : text);
  }
  return folder;
}

/** A source map whose sources are paths from the repository's root, wherever the repository is. */
function withPortableSources(path: string, text: string): string {
  const map = JSON.parse(text) as { sources: string[] };
  const sources = map.sources.map((source) => relative(repository, resolve(dirname(path), source)));
  return JSON.stringify({ ...map, sources });
}
