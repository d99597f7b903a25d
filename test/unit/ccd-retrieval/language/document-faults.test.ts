import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DocumentRefused, refusalReasons } from "#ccd-retrieval/language/document-faults.ts";

describe("DocumentRefused", () => {
  it("a refusal has a literal name, a reason, a message and its cause", () => {
    const cause = new Error("cause");
    const refused = new DocumentRefused("overlap", "words", { cause });
    expect(refused).toBeInstanceOf(Error);
    expect(refused).toMatchObject({ name: "DocumentRefused", reason: "overlap", message: "words", cause });
  });

  it("each reason of a refusal is listed once and tried by an attack", () => {
    expect(new Set(refusalReasons).size).toBe(refusalReasons.length);
    const attacks = ["zip/zip-attacks", "xml/xml-attacks", "zip/zip-bombs", "open-documents", "c-cda/clinical-document"]
      .map((name) => readFileSync(new URL(`../documents/${name}.test.ts`, import.meta.url), "utf8"))
      .join("\n");
    expect(refusalReasons.filter((reason) => !attacks.includes(`"${reason}"`))).toEqual([]);
  });
});
