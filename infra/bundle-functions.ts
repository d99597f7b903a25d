import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { build } from "esbuild";
import { bundleOptions } from "./bundle-options.ts";

/*
 * Bundles all functions, in one run of esbuild. `function-bundles.ts` runs this file in a process of its own, with two arguments: the
 * folder that gets the bundles and their source maps, and the folder of each function by its name, as JSON. It prints the
 * modules of each function as JSON.
 *
 * The same sources make the same bytes in every folder, so that a deployment changes only what changed.
 */

const [target = "", entriesText = "{}"] = process.argv.slice(2);
const entries: Record<string, string> = JSON.parse(entriesText);

const repository = join(import.meta.dirname, "..");

/** Where the bundles would be. Nothing is written there: paths in the bundles begin here, and may not depend on the machine. */
const outdir = join(repository, "bundles");

const { outputFiles, metafile } = await build({
  ...bundleOptions,
  entryPoints: Object.entries(entries).map(([name, path]) => ({
    in: join(repository, "functions", path, "handler.ts"),
    out: join(name, "index"),
  })),
  outdir,
  write: false,
  metafile: true,
  // Node reads a map at the start of a function that has one, before anything has failed. `npm run map-stack` reads it instead.
  sourcemap: "external",
  sourcesContent: false,
});

const texts = new Map(outputFiles.map(({ path, text }) => [path, text]));
await mkdir(join(target, "maps"));
const modules = await Promise.all(
  Object.keys(entries).map(async (name) => {
    const output = join(outdir, name, "index.js");
    const folder = join(target, "functions", name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "index.js"), texts.get(output) ?? "");
    await writeFile(join(folder, "package.json"), '{"type":"commonjs"}\n');
    await writeFile(
      join(target, "maps", `${name}.json`),
      withPortableSources(output, texts.get(`${output}.map`) ?? ""),
    );
    const inputs = Object.entries(metafile.outputs[relative(repository, output)]?.inputs ?? {});
    return [name, inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path)];
  }),
);
console.log(JSON.stringify(Object.fromEntries(modules)));

/** A source map whose sources are paths from the repository's root, wherever the repository is. */
function withPortableSources(path: string, text: string): string {
  const map = JSON.parse(text) as { sources: string[] };
  const sources = map.sources.map((source) => relative(repository, resolve(dirname(path), source)));
  return JSON.stringify({ ...map, sources });
}
