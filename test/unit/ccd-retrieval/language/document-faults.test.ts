import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  DocumentRefused,
  documentRefusalReasons,
  refusalReasons,
  refusalScopes,
} from "#ccd-retrieval/language/document-faults.ts";

describe("DocumentRefused", () => {
  it("a refusal has a literal name, a reason, a message and its cause", () => {
    const cause = new Error("cause");
    const refused = new DocumentRefused("overlap", "words", { cause });
    expect(refused).toBeInstanceOf(Error);
    expect(refused).toMatchObject({ name: "DocumentRefused", reason: "overlap", message: "words", cause });
  });

  // D9
  it("the files of a refusal are no public member, because loggers write every public member of an error", () => {
    const file = { number: 1, entry: 1, name: "Jane Roe.xml", reason: "malformed-xml", message: "words" } as const;
    const refused = new DocumentRefused("malformed-xml", "words", undefined, [file]);
    expect(refused.refusedFiles()).toEqual([file]);
    const members = Object.getOwnPropertyDescriptors(refused);
    expect(JSON.stringify([members, String(refused), refused.stack])).not.toContain("Jane");
  });

  // D13
  it("damage and missing proof keep back one document, and everything else keeps back the answer", () => {
    expect(documentRefusalReasons.toSorted()).toEqual([
      "birth-date-unreadable",
      "checksum-differs",
      "content-damaged",
      "malformed-xml",
      "no-id",
      "no-record-target",
      "not-a-clinical-document",
      "second-factor-missing",
      "undefined-entity",
      "unknown-ids",
      "unsupported-encoding",
      "unsupported-xml-version",
    ]);
    const others = Object.entries(refusalScopes).filter(([, scope]) => scope !== "document");
    expect(others.every(([, scope]) => scope === "answer")).toBe(true);
    expect(Object.fromEntries(others)).toMatchObject({
      "unsafe-name": "answer",
      "ratio-too-high": "answer",
      overlap: "answer",
      encrypted: "answer",
      "document-type": "answer",
      "other-person": "answer",
      "person-contradicts-id": "answer",
    });
  });

  it("each reason of a refusal is listed once and tried by an attack", () => {
    expect(new Set(refusalReasons).size).toBe(refusalReasons.length);
    const attacks = ["zip/zip-attacks", "xml/xml-attacks", "zip/zip-bombs", "open-documents", "c-cda/clinical-document"]
      .map((name) => readFileSync(new URL(`../documents/${name}.test.ts`, import.meta.url), "utf8"))
      .join("\n");
    expect(refusalReasons.filter((reason) => !attacks.includes(`"${reason}"`))).toEqual([]);
  });
});
