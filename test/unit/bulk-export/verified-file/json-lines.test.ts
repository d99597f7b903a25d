import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonLines } from "#bulk-export/verified-file/json-lines.ts";
import { FileDamaged } from "#platform/faults/file-faults.ts";
import { collectedMemory } from "../../../fixtures/heap.ts";
import { changedFile, cuts, file, readByJsonParse, tokens, type, written } from "../../../fixtures/ndjson-files.ts";

/** The number of records, or the fault. The chunks share memory, so some of them start at odd addresses. */
function read(content: string | Buffer, ends: readonly number[] = [], expected = type): number | string {
  const bytes = Buffer.from(content as string);
  const reader = new JsonLines(expected);
  try {
    let from = 0;
    for (const to of [...new Set(ends.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b)) {
      reader.push(bytes.subarray(from, to));
      from = to;
    }
    reader.push(bytes.subarray(from));
    reader.end();
  } catch (error) {
    if (error instanceof FileDamaged) return error.message;
    throw error;
  }
  return reader.lines;
}

const nested = (levels: number): string => `{"resourceType":"Patient","a":${"[".repeat(levels)}${"]".repeat(levels)}}`;

const verdictOf = (answer: number | string): number | string => (typeof answer === "string" ? "refused" : answer);

describe("lines of JSON", () => {
  it("lines in chunks of any size get the same verdict as from JSON.parse", () => {
    let taken = 0;
    fc.assert(
      fc.property(file, cuts, (content, at) => {
        const verdict = verdictOf(read(content, at));
        if (verdict !== "refused") taken += 1;
        expect(verdict).toBe(readByJsonParse(Buffer.from(content)));
      }),
      { numRuns: 1_000 },
    );
    // Both verdicts must have occurred.
    expect(taken).toBeGreaterThan(100);
    expect(taken).toBeLessThan(900);
  });

  it("lines with any changed bytes get the same verdict as from JSON.parse", () => {
    fc.assert(
      fc.property(changedFile, cuts, (bytes, at) => {
        expect(verdictOf(read(bytes, at))).toBe(readByJsonParse(bytes));
      }),
      { numRuns: 1_500 },
    );
  });

  it("lines of random pieces of JSON get the same verdict as from JSON.parse", () => {
    fc.assert(
      fc.property(tokens, cuts, (pieces, at) => {
        const bytes = Buffer.from(pieces.join(""));
        expect(verdictOf(read(bytes, at))).toBe(readByJsonParse(bytes));
      }),
      { numRuns: 1_500 },
    );
  });

  it("a cut at any place, and chunks of one byte, do not change the verdict", () => {
    const lines = [
      '{"resource\\u0054ype" : "P\\u0061tient","text":"\\"\\\\{é日\\ud83d\\ude00","n":[-0.1e-7,{},[],true]}',
      '{"a":{"resourceType":"Device"},"resourceType":"Patient"}\r',
      '\t{"resourceType":"Patient"} ',
    ];
    const content = lines.join("\n");
    const length = Buffer.byteLength(content);
    for (let cut = 0; cut <= length; cut += 1) expect(read(content, [cut])).toBe(3);
    expect(
      read(
        content,
        Array.from({ length }, (_, at) => at),
      ),
    ).toBe(3);
  });

  it.each([
    ["whose value is missing", '{"resourceType":"Patient","id":}'],
    ["with a comma too many", '{"resourceType":"Patient",}'],
    ["with a comma too few", '{"resourceType":"Patient" "id":"1"}'],
    ["with another number syntax", '{"resourceType":"Patient","n":01}'],
    ["with half a number", '{"resourceType":"Patient","n":1.}'],
    ["with half a word", '{"resourceType":"Patient","n":tru}'],
    ["with a raw tab in a text", '{"resourceType":"Patient","n":"\t"}'],
    ["with an unknown escape", '{"resourceType":"Patient","n":"\\x"}'],
    ["with a bracket of the wrong kind", '{"resourceType":"Patient","n":[1}}'],
    ["with a name that is no text", '{"resourceType":"Patient",n:1}'],
    ["with a comment", '{"resourceType":"Patient"}//'],
    ["followed by another record", '{"resourceType":"Patient"}{"resourceType":"Patient"}'],
  ])("a line %s is not JSON, although its type can be read", (_, line) => {
    expect(read(`{"resourceType":"Patient"}\n${line}\n`)).toMatch(/^line 2 is not JSON from its byte \d+ on$/);
  });

  it("a fault names the byte from which the line is wrong, in chunks of any size", () => {
    const content = '\n\n{"resourceType":"Patient"}\r\n\r\n{"resourceType":"Patient","id":}\n';
    for (let cut = 0; cut < content.length; cut += 1) {
      expect(read(content, [cut])).toBe("line 2 is not JSON from its byte 32 on");
    }
  });

  it.each([
    ["a resource that contains one of the type", '{"resourceType":"Device","contained":[{"resourceType":"Patient"}]}'],
    ["the type only within", '{"contained":[{"resourceType":"Patient"}]}'],
    ["the type only in a text", '{"id":"\\"resourceType\\":\\"Patient\\""}'],
    ["another type that begins like it", '{"resourceType":"PatientX"}'],
    ["a beginning of the type", '{"resourceType":"Patien"}'],
    ["a name that only begins like the type's", '{"resourceType2":"Patient","resourceTyp":"Patient"}'],
    ["the type in another case", '{"resourcetype":"Patient"}'],
    ["no member at all", "{}"],
    ["a number for a type", '{"resourceType":7}'],
    ["null for a type", '{"resourceType":null}'],
    ["an object for a type", '{"resourceType":{"resourceType":"Patient"}}'],
  ])("a line with %s does not hold a resource of the type", (_, line) => {
    expect(read(line)).toBe("line 1 does not hold a resource of type Patient, which the manifest announced");
  });

  it("a line that has its type twice is refused, even if both are the same", () => {
    expect(read('{"resourceType":"Patient","resourceType":"Patient"}')).toBe(
      "line 1 has two members named resourceType",
    );
    expect(read('{"resourceType":"Patient","resource\\u0054ype":"Patient"}')).toBe(
      "line 1 has two members named resourceType",
    );
  });

  // E20
  it("a byte order mark in front of the first line is skipped, in chunks of any size", () => {
    const line = '{"resourceType":"Patient"}\n';
    for (const cut of [1, 2, 3, 4]) {
      expect(read(`\ufeff${line}${line}`, [cut])).toBe(2);
      expect(read("\ufeff", [cut])).toBe(0);
    }
    expect(read(`\ufeff\r\n${line}`)).toBe(1);
    expect(read(`${line}\ufeff${line}`)).toBe("line 2 is not a JSON object");
  });

  it.each([
    ["an array", '[{"resourceType":"Patient"}]', "line 1 is not a JSON object"],
    ["a text", '"resourceType"', "line 1 is not a JSON object"],
    ["two byte order marks", '\ufeff\ufeff{"resourceType":"Patient"}', "line 1 is not a JSON object"],
    ["half a byte order mark", Buffer.from([0xef, 0xbb, 0x7b, 0x7d]), "line 1 is not JSON from its byte 3 on"],
    ["blanks", " ", "the file ends inside line 1"],
    ["blanks before a newline", " \n", "line 1 is not a JSON object"],
    ["a page of HTML", "<!doctype html>\n<html></html>\n", "line 1 is not a JSON object, but markup"],
    ["a line break within a record", '{"resourceType":"Patient",\n"id":"1"}', "line 1 ends inside its record"],
    ["a record without an end", '{"resourceType":"Patient"', "the file ends inside line 1"],
  ])("a line that is not a record, such as %s, is refused with a fault that says so", (_, content, message) => {
    expect(read(content)).toBe(message);
  });

  it("lines may have any type, even one that needs escapes", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }).chain((any) => fc.tuple(fc.constant(any), written(any))),
        cuts,
        ([any, text], at) => {
          expect(read(`{"resourceType":${text}}`, at, any)).toBe(1);
          expect(read(`{"resourceType":${text}}`, at, `${any}x`)).toContain("does not hold");
        },
      ),
    );
  });

  it("lines may nest 500 levels deep, and no deeper", () => {
    expect(read(`${nested(500)}\n${nested(500)}`)).toBe(2);
    expect(read(`${nested(500)}\n${nested(501)}`)).toBe("line 2 nests deeper than 500 levels");
  });

  it("lines of any length are checked in constant memory", () => {
    const reader = new JsonLines(type);
    const before = collectedMemory();
    const chunk = Buffer.alloc(1024 * 1024, "x");
    reader.push(Buffer.from('{"resourceType":"Patient","resource\\u0054'));
    for (let mebibyte = 0; mebibyte < 300; mebibyte += 1) reader.push(chunk);
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    expect(heapUsed + arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(20 * 1024 * 1024);
    reader.push(Buffer.from('":"1"}\n'));
    reader.end();
    expect(reader.lines).toBe(1);
  });
});
