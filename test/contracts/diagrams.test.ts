import { readdirSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { wings } from "#functions/wings.ts";
import { renderDiagrams } from "../../docs/diagrams/render-diagrams.ts";

const repository = join(import.meta.dirname, "..", "..");
/** What `npm run bench -- --save` draws from its figures. */
const plots = ["docs/images/downloads.svg"];

const wingNames = wings.map(({ name }) => name).filter((name) => name !== "platform");

describe("the diagrams in docs/images", () => {
  it("the diagrams are up to date with their sources (npm run diagrams writes them)", async () => {
    const diagrams = await renderDiagrams();

    expect([...diagrams.keys()]).toContain("docs/images/wings.svg");
    for (const [path, svg] of diagrams) expect(await readFile(join(repository, path), "utf8"), path).toBe(svg);
  });

  it("every diagram has a source, and every plot and every picture of the console a command", async () => {
    const expected = [...(await renderDiagrams()).keys(), ...pictures()];
    const found = (await readdir(join(repository, "docs/images"))).map((name) => `docs/images/${name}`);

    expect(found.toSorted()).toEqual([...expected, ...plots].toSorted());
  });

  it("the diagram of the wings has an arrow from each wing to each other wing that it imports", () => {
    const source = readFileSync(join(repository, "docs/diagrams/wings.dot"), "utf8");
    const arrows = [...source.matchAll(/"([\w-]+)" -> "([\w-]+)"/g)].map(([, from, to]) => `${from} -> ${to}`);

    expect(arrows.toSorted()).toEqual(importsBetweenWings().toSorted());
  });
});

/** The pictures that `npm run screenshots` takes. */
function pictures(): string[] {
  const source = readFileSync(join(repository, "test/screenshots/take-screenshots.ts"), "utf8");
  return [...source.matchAll(/takePicture\([^)]*"([\w-]+)"\)/g)].map(([, name]) => `docs/images/console-${name}.png`);
}

/** Every wing that another wing imports, as "from -> to". */
function importsBetweenWings(): string[] {
  return wingNames.flatMap((wing) => {
    const folder = join(repository, "functions", wing);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
    const code = files.map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
    return wingNames
      .filter((other) => other !== wing && code.includes(`from "#${other}/`))
      .map((other) => `${wing} -> ${other}`);
  });
}
