import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { buildSync } from "esbuild";

const functionsFolder = join(import.meta.dirname, "..", "functions");

let bundles: string | undefined;

/**
 * The folder of a function's bundle, `index.mjs` in it. All functions are bundled by one run of esbuild, at the first
 * call: a run for each would make every deployment wait.
 */
export function functionBundle(name: string): string {
  bundles ??= bundleAll();
  return join(bundles, name);
}

/** The Lambda functions: each folder of a wing that has a handler, by its name. No two wings share a name. */
export function functionNames(): string[] {
  return [...functionFolders().keys()].toSorted();
}

/** The folder of each function by its name, from functions/ on: `bulk-export/poll-export`. */
function functionFolders(): Map<string, string> {
  const folders = readdirSync(functionsFolder, { recursive: true, encoding: "utf8" })
    .filter((path) => basename(path) === "handler.ts")
    .map(dirname);
  const named = new Map(folders.map((folder) => [basename(folder), folder]));
  if (named.size < folders.length) throw new Error("two Lambda functions have the same name");
  return named;
}

function bundleAll(): string {
  const folder = mkdtempSync(join(tmpdir(), "integra-bridge-functions-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  buildSync({
    entryPoints: [...functionFolders()].map(([name, wingFolder]) => ({
      in: join(functionsFolder, wingFolder, "handler.ts"),
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
    // Some dependencies are CommonJS and call require for Node's own modules.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "warning",
  });
  return folder;
}
