import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { buildSync } from "esbuild";

const functionsFolder = join(import.meta.dirname, "..", "functions");

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

function bundleAll(): string {
  const folder = mkdtempSync(join(tmpdir(), "integra-bridge-functions-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  buildSync({
    entryPoints: [...functionFolders()].map(([name, path]) => ({
      in: join(functionsFolder, path, "handler.ts"),
      out: join(name, "index"),
    })),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    mainFields: ["module", "main"],
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    // Some dependencies are CommonJS and call `require` for Node's own modules.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "warning",
  });
  return folder;
}
