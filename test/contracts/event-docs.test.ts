import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { detailSchema, documentedTypes, examplePath, renderEventDocs } from "#cli/event-docs.ts";

const repository = join(import.meta.dirname, "..", "..");

describe("the documentation of events", () => {
  it.each(documentedTypes())("the example of %s fits its schema", async (type) => {
    const example: unknown = JSON.parse(await readFile(examplePath(type), "utf8"));

    expect(detailSchema(type).parse(example)).toEqual(example);
  });

  it.each(documentedTypes())("the schema of %s refuses unknown fields", async (type) => {
    const example = JSON.parse(await readFile(examplePath(type), "utf8")) as object;

    expect(detailSchema(type).safeParse({ ...example, surprise: 1 }).success).toBe(false);
  });

  it("docs/events.md and the schema files are up to date (npm run docs writes them)", async () => {
    for (const [path, text] of await renderEventDocs()) {
      expect(await readFile(join(repository, path), "utf8"), path).toBe(text);
    }
  });

  it("docs/events/ has the schemas of the existing events only", async () => {
    const expected = [...(await renderEventDocs()).keys()].filter((path) => path.endsWith(".schema.json"));
    const found = (await readdir(join(repository, "docs", "events"))).map((name) => `docs/events/${name}`);

    expect(found.toSorted()).toEqual(expected.toSorted());
  });
});
