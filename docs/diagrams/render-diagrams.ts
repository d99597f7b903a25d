import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { instance } from "@viz-js/viz";

/*
 * `npm run diagrams` renders each docs/diagrams/*.dot with Graphviz, compiled to WebAssembly, to docs/images/*.svg.
 */

const repository = join(import.meta.dirname, "..", "..");

/** The SVG of each diagram, by its path from the repository's root. */
export async function renderDiagrams(): Promise<ReadonlyMap<string, string>> {
  const viz = await instance();
  const sources = (await readdir(import.meta.dirname)).filter((name) => name.endsWith(".dot")).toSorted();
  const diagrams = new Map<string, string>();
  for (const name of sources) {
    const source = await readFile(join(import.meta.dirname, name), "utf8");
    diagrams.set(`docs/images/${name.replace(/\.dot$/, ".svg")}`, viz.renderString(source, { format: "svg" }));
  }
  return diagrams;
}

if (import.meta.main) {
  for (const [path, svg] of await renderDiagrams()) {
    await writeFile(join(repository, path), svg);
    console.log(path);
  }
}
