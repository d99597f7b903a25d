import { join } from "node:path";
import { build } from "esbuild";
import { compileTakeLines } from "#infra/web-assembly.ts";

const repository = join(import.meta.dirname, "../../..");

/**
 * Bundles our own contenders, so that no run compiles anything. They are not minified, so that an error shows short lines.
 * @returns the path of the bundle by the name of its module
 */
export async function bundleContenders(folder: string): Promise<{ landFiles: string; checkLines: string }> {
  await build({
    absWorkingDir: repository,
    entryPoints: [join(import.meta.dirname, "land-files.ts"), join(import.meta.dirname, "check-lines.ts")],
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    mainFields: ["module", "main"],
    define: { TAKE_LINES_WASM: JSON.stringify(compileTakeLines()) },
    // Some dependencies are CommonJS and call `require` for Node's own modules.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "warning",
  });
  return { landFiles: join(folder, "land-files.mjs"), checkLines: join(folder, "check-lines.mjs") };
}
