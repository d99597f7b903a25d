import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FileDamaged } from "#contracts/file-faults.ts";
import { type Expectation, NdjsonVerifier, type VerifiedFile } from "#landing/ndjson-verifier.ts";
import { crcOf } from "#test/fixtures/s3-in-memory.ts";

const patients: Expectation = { type: "Patient", count: null, transportProven: true };

function verify(
  content: string | Buffer,
  expected: Partial<Expectation> = {},
  sizes: number[] = [1 << 20],
): VerifiedFile {
  const verifier = new NdjsonVerifier({ ...patients, ...expected });
  const bytes = Buffer.from(content as string);
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    verifier.push(bytes.subarray(at, at + size));
    at += size;
  }
  return verifier.finish();
}

function faultOf(content: string, expected: Partial<Expectation> = {}, sizes?: number[]): string {
  try {
    verify(content, expected, sizes);
  } catch (error) {
    if (error instanceof FileDamaged) return error.message;
    throw error;
  }
  throw new Error("the file was taken");
}

const record = (more: object = {}): string => JSON.stringify({ resourceType: "Patient", ...more });
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 });
const records = fc.array(
  fc.record({ id: fc.string({ unit: "grapheme" }), value: fc.jsonValue() }).map((more) => record(more)),
);

const outcome = (...severities: unknown[]): string =>
  `${JSON.stringify({ resourceType: "OperationOutcome", issue: severities.map((severity) => ({ severity })) })}\n`;

describe("the NDJSON verifier", () => {
  it("counts lines, bytes and the CRC-32 of any records, however they are cut into chunks", () => {
    const ends = fc.constantFrom("\n", "\r\n");
    fc.assert(
      fc.property(records, sizes, ends, fc.boolean(), (lines, cuts, end, lastEnd) => {
        const content = lines.join(end) + (lastEnd && lines.length > 0 ? end : "");
        const bytes = Buffer.from(content);
        expect(verify(content, { count: lines.length }, cuts)).toEqual({
          lines: lines.length,
          bytes: bytes.length,
          crc32: crcOf(bytes),
          issues: undefined,
        });
      }),
    );
  });

  it("takes an empty file", () => {
    expect(verify("")).toEqual({ lines: 0, bytes: 0, crc32: "AAAAAA==", issues: undefined });
    expect(verify("", { count: 0, transportProven: false }).lines).toBe(0);
  });

  it("does not count blank lines", () => {
    expect(verify(`\n${record()}\n\r\n\n${record()}\n\n`).lines).toBe(2);
  });

  it("can be asked twice for its verdict", () => {
    const verifier = new NdjsonVerifier(patients);
    verifier.push(Buffer.from(`${record()}\n${record()}`));
    expect(verifier.finish()).toEqual(verifier.finish());
  });

  it("notices a file that ends inside its last record, wherever", () => {
    fc.assert(
      fc.property(records, fc.nat(), sizes, (lines, cut, cuts) => {
        const last = record({ id: "last", text: "}{\\}" });
        const kept = last.slice(0, 1 + (cut % (last.length - 1)));
        expect(faultOf([...lines, kept].join("\n"), {}, cuts)).toContain(`line ${lines.length + 1}`);
      }),
    );
  });

  it.each([
    ["an HTML page", "<!doctype html>\n<html><body>Login</body></html>\n", "line 1"],
    ["a line that is no JSON object", `${record()}\n[1]\n`, "line 2"],
    ["a first line that only looks like an object", `{"resourceType":Patient}\n${record()}\n`, "line 1 is not JSON"],
    ["a last line that only looks like an object", `${record()}\n{"resourceType":Patient}`, "line 2 is not JSON"],
    ["two records on one line", `${record()}${record()}\n`, "line 1"],
    ["a first record of another type", `{"resourceType":"Device"}\n`, "line 1 holds no Patient"],
    ["a last record of another type", `${record()}\n{"resourceType":"Device"}`, "line 2 holds no Patient"],
    ["an array", "[]", "line 1"],
    ["binary", "\u0000\u0001\u0002", "line 1"],
  ])("notices %s", (_, content, where) => {
    expect(faultOf(content)).toContain(where);
  });

  it("looks at the last record where its line ends with a newline, too", () => {
    expect(faultOf(`${record()}\n{"resourceType":"Device"}\n`)).toContain("line 2 holds no Patient");
    expect(faultOf(`${record()}\n{"resourceType":Patient}\n`)).toContain("line 2 is not JSON");
  });

  it("notices a number of lines that differs from the manifest's count", () => {
    expect(faultOf(`${record()}\n`, { count: 2 })).toContain("1 lines, the manifest announced 2");
    expect(faultOf(`${record()}\n${record()}\n`, { count: 1 })).toContain("2 lines");
  });

  it("takes a file whose transport proves nothing only by the manifest's count", () => {
    expect(faultOf(`${record()}\n`, { transportProven: false })).toContain("nothing proves");
    expect(verify(`${record()}\n`, { transportProven: false, count: 1 }).lines).toBe(1);
  });

  it("refuses a line that is longer than any resource", () => {
    const verifier = new NdjsonVerifier(patients);
    const piece = Buffer.alloc(16 * 1024 * 1024, "{");
    expect(() => {
      for (let n = 0; n < 5; n += 1) verifier.push(piece);
    }).toThrow("longer than");
  });

  it("never shows a record's content in a fault", () => {
    const planted = fc.string().map((text) => `PLANTED${text.replace(/[\r\n]/g, "")}`);
    const spoiled = fc.oneof(
      planted,
      planted.map((text) => `{"resourceType":"Patient","name":${text}}`),
      planted.map((text) => JSON.stringify({ resourceType: text, name: text })),
      planted.map((text) => record({ name: text }).slice(0, -1)),
    );
    fc.assert(
      fc.property(spoiled, sizes, (line, cuts) => {
        expect(faultOf(line, {}, cuts)).not.toContain("PLANTED");
        expect(faultOf(`${line}\n`, {}, cuts)).not.toContain("PLANTED");
      }),
    );
  });

  describe("in a file of OperationOutcomes", () => {
    const outcomes: Partial<Expectation> = { type: "OperationOutcome" };

    it("counts the issues of every record by severity", () => {
      const content = outcome("fatal", "error") + outcome("warning") + outcome("information", "error") + outcome();
      expect(verify(content, outcomes).issues).toEqual({ fatal: 1, error: 2, warning: 1, information: 1 });
    });

    it("counts an issue of unknown or missing severity as an error", () => {
      expect(verify(outcome("catastrophe", undefined, 7), outcomes).issues?.error).toBe(3);
    });

    it.each(["constructor", "toString", "__proto__", "valueOf"])(
      "counts an issue of severity %j as an error, although every object has such a member",
      (severity) => {
        expect(verify(outcome(severity), outcomes).issues).toEqual({ fatal: 0, error: 1, warning: 0, information: 0 });
      },
    );

    it("counts an issue that is none as an error", () => {
      const content = '{"resourceType":"OperationOutcome","issue":[null,"x",7]}\n';
      expect(verify(content, outcomes).issues?.error).toBe(3);
    });

    it("notices a record in the middle that is not one", () => {
      expect(faultOf(`${outcome("error")}{"resourceType":"Patient"}\n${outcome()}`, outcomes)).toContain("line 2");
    });
  });
});
