import { globSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { buildSync } from "esbuild";

const repository = join(import.meta.dirname, "..", "..");

/**
 * The modules whose code is in each function's bundle, by the function's name. A module that is imported for its types only,
 * or whose exports are unused, is not among them.
 */
export function modulesInBundles(): Map<string, string[]> {
  const handlers = globSync("functions/**/handler.ts", { cwd: repository });
  const { metafile } = buildSync({
    absWorkingDir: repository,
    entryPoints: handlers.map((handler) => ({ in: handler, out: basename(dirname(handler)) })),
    outdir: "unwritten",
    write: false,
    metafile: true,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "warning",
  });
  const bundles = Object.entries(metafile.outputs).map(([file, { inputs }]) => {
    const modules = Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
    return [basename(file, ".js"), modules.map(([path]) => path)] as const;
  });
  return new Map(bundles);
}
