import { join } from "node:path";
import { build } from "esbuild";
import { bundleOptions } from "#infra/bundle-options.ts";

/**
 * Bundles our own contenders as functions are bundled, so that they start as fast.
 * @returns the path of the bundle by the name of its module
 */
export async function bundleContenders(folder: string): Promise<{ landFiles: string; checkLines: string }> {
  await build({
    ...bundleOptions,
    entryPoints: [join(import.meta.dirname, "land-files.ts"), join(import.meta.dirname, "check-lines.ts")],
    outdir: folder,
    outExtension: { ".js": ".cjs" },
    // An error would show a line of a megabyte.
    minifyWhitespace: false,
  });
  return { landFiles: join(folder, "land-files.cjs"), checkLines: join(folder, "check-lines.cjs") };
}
