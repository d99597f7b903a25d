import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fileKinds } from "#bulk-export/language/landed-file.ts";
import { manifestKey, summaryKey } from "#bulk-export/records/export-keys.ts";
import { fileKeys, type NamedFile } from "#bulk-export/records/landing-keys.ts";
import { parseManifest } from "#bulk-export/server/manifest.ts";

const output = (type: string, fileName: string | undefined): NamedFile => ({ kind: "output", type, fileName });

describe("where the files of an export land", () => {
  it("a file lands under the server's file name, below its resource type, errors/ or deleted/", () => {
    const files: NamedFile[] = [
      output("Patient", "patient_file_1.ndjson"),
      output("Observation", "observation_file_1.NDJSON"),
      { kind: "error", type: "OperationOutcome", fileName: "error_file_1.ndjson" },
      { kind: "outcome", type: "OperationOutcome", fileName: "outcome_1.json" },
      { kind: "deleted", type: "Bundle", fileName: "gone.ndjson" },
      output("Patient", undefined),
    ];
    expect(fileKeys("e1", files)).toEqual([
      "exports/e1/Patient/patient_file_1.ndjson",
      "exports/e1/Observation/observation_file_1.ndjson",
      "exports/e1/errors/error_file_1.ndjson",
      "exports/e1/errors/outcome_1.ndjson",
      "exports/e1/deleted/gone.ndjson",
      "exports/e1/Patient/000005.ndjson",
    ]);
  });

  it("a second file of the same name gets its index added", () => {
    expect(fileKeys("e1", [output("Patient", "a.ndjson"), output("Patient", "A.ndjson")])).toEqual([
      "exports/e1/Patient/a.ndjson",
      "exports/e1/Patient/A-000001.ndjson",
    ]);
  });

  it("files get different keys even if the server's name looks like one with an index", () => {
    const keys = fileKeys("e1", [output("Patient", "a-000002"), output("Patient", "a"), output("Patient", "a")]);
    expect(new Set(keys).size).toBe(3);
  });

  const hostile = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.constantFrom("a", "A", "a-000000", "a-000001", "a-000002", "A-000003"),
    fc.constantFrom(
      undefined,
      "",
      ".",
      "..",
      "../../x",
      "..%2f..",
      "a/../b",
      "a//b",
      "\\..\\x",
      "CON",
      "\u0000",
      "a\u202eb",
      "a\u0000.ndjson",
      "\u00e9\u0301\u{1f4a9}",
      "%2e%2e%2fwork%2fe1%2fjob.json",
      "x".repeat(5_000),
      `${"../".repeat(500)}x`,
    ),
    fc.constantFrom("summary", "summary.json", "manifest.json", "manifest-2.json", "job.json", "stop.json", "plan"),
    fc.array(fc.constantFrom("a", "A", ".", "/", "-", "000001", "_", ".ndjson", "\n")).map((parts) => parts.join("")),
  );
  const file = fc.record({
    kind: fc.constantFrom(...fileKinds),
    type: fc.oneof(
      hostile.map((text) => text ?? ""),
      fc.constantFrom("Patient", "Errors", "Deleted", "patient"),
    ),
    fileName: hostile,
  });

  it("a file lands below the export's prefix under any name that the server gives it", () => {
    fc.assert(
      fc.property(fc.array(file), (files) => {
        for (const key of fileKeys("e1", files)) {
          expect(key).toMatch(/^exports\/e1\/[A-Za-z]+\/[A-Za-z0-9][A-Za-z0-9._-]*\.ndjson$/);
          expect(key.split("/")).toHaveLength(4);
          expect(key.split("/")).not.toContain("..");
          // S3 allows 1,024 bytes, and the export's id may have 80 characters.
          expect(key.length).toBeLessThan(1024 - 80);
        }
      }),
    );
  });

  it("a file lands below the export's prefix for any URL in the manifest", () => {
    const name = fc.oneof(
      hostile.map((text) => encodeURIComponent((text ?? "").toWellFormed())),
      hostile.map((text) => encodeURIComponent(encodeURIComponent((text ?? "").toWellFormed()))),
      fc.constantFrom(
        "..%2f..%2fwork%2fe1%2fjob.json",
        "%2e%2e/%2e%2e/x",
        "..\\..\\x",
        "%00",
        "a%0ab",
        "%c0%ae%c0%ae%2f",
      ),
    );
    const url = fc.oneof(
      name.map((text) => `https://portal.example/download?objectId=1&fileName=${text}`),
      name.map((text) => `https://portal.example/files/${text}.ndjson`),
    );
    const entry = fc.record({ type: hostile.map((text) => text?.trim() || "Patient"), url });
    const lists = fc.record({ output: fc.array(entry), error: fc.array(entry), deleted: fc.array(entry) });
    fc.assert(
      fc.property(lists, (manifest) => {
        const text = JSON.stringify({ transactionTime: "2026-01-01T00:00:00Z", ...manifest });
        const { files } = parseManifest(Buffer.from(text), new URL("https://portal.example/job"));
        const keys = fileKeys("e1", files);
        expect(keys).toHaveLength(files.length);
        for (const key of keys) expect(key).toMatch(/^exports\/e1\/[A-Za-z]+\/[A-Za-z0-9][A-Za-z0-9._-]*\.ndjson$/);
        expect(new Set(keys.map((key) => key.toLowerCase())).size).toBe(keys.length);
      }),
    );
  });

  it("a file's key never has two consecutive dots, which other programs take for a parent folder", () => {
    fc.assert(
      fc.property(fc.array(file), (files) => {
        for (const key of fileKeys("e1", files)) expect(key).not.toContain("..");
      }),
    );
  });

  it("two files never have the same key, even on a file system that ignores case", () => {
    fc.assert(
      fc.property(fc.array(file, { maxLength: 40 }), (files) => {
        const keys = fileKeys("e1", files).map((key) => key.toLowerCase());
        expect(new Set(keys).size).toBe(files.length);
      }),
    );
  });

  it("a file never has the key of a record of the export", () => {
    fc.assert(
      fc.property(fc.array(file), (files) => {
        const own = new Set([manifestKey("e1"), manifestKey("e1", 2), summaryKey("e1")]);
        expect(fileKeys("e1", files).filter((key) => own.has(key))).toEqual([]);
      }),
    );
  });
});
