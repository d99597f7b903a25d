import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/** The folders below functions/ that are Lambda functions: those with a handler. */
export function functionNames(): string[] {
  return readdirSync(functionsFolder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("handler.ts"))
    .map((path) => path.replace(/[/\\]handler\.ts$/, ""))
    .toSorted();
}

function bundleAll(): string {
  const folder = mkdtempSync(join(tmpdir(), "integra-bridge-functions-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  buildSync({
    entryPoints: functionNames().map((name) => ({
      in: join(functionsFolder, name, "handler.ts"),
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
