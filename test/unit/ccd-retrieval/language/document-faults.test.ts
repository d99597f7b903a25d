import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DocumentRefused, refusalReasons } from "#ccd-retrieval/language/document-faults.ts";

describe("the refusal of a document", () => {
  it("has a literal name, a reason, words and its cause", () => {
    const cause = new Error("cause");
    const refused = new DocumentRefused("overlap", "words", { cause });
    expect(refused).toBeInstanceOf(Error);
    expect(refused).toMatchObject({ name: "DocumentRefused", reason: "overlap", message: "words", cause });
  });

  it("has reasons that are listed once each, and each is tried by an attack", () => {
    expect(new Set(refusalReasons).size).toBe(refusalReasons.length);
    const attacks = ["zip-attacks", "xml-attacks", "zip-bombs", "open-documents", "clinical-document"]
      .map((name) => readFileSync(new URL(`../documents/${name}.test.ts`, import.meta.url), "utf8"))
      .join("\n");
    expect(refusalReasons.filter((reason) => !attacks.includes(`"${reason}"`))).toEqual([]);
  });
});
