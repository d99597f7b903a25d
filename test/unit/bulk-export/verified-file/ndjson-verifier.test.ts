import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Expectation, NdjsonVerifier, type Verdict } from "#bulk-export/verified-file/ndjson-verifier.ts";
import { FileDamaged } from "#platform/faults/file-faults.ts";

const patients: Expectation = { type: "Patient", count: null, transportProven: true };

function verify(content: string | Buffer, expected: Partial<Expectation> = {}, sizes: number[] = [1 << 20]): Verdict {
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
  it("counts lines and bytes of any records, however they are cut into chunks", () => {
    const ends = fc.constantFrom("\n", "\r\n");
    fc.assert(
      fc.property(records, sizes, ends, fc.boolean(), (lines, cuts, end, lastEnd) => {
        const content = lines.join(end) + (lastEnd && lines.length > 0 ? end : "");
        const bytes = Buffer.byteLength(content);
        expect(verify(content, { count: lines.length }, cuts)).toEqual({
          lines: lines.length,
          bytes,
          issues: undefined,
        });
      }),
    );
  });

  it("takes an empty file where the transport or a count of 0 proves it", () => {
    expect(verify("")).toEqual({ lines: 0, bytes: 0, issues: undefined });
    expect(verify("", { count: 0 }).lines).toBe(0);
    expect(verify("", { count: 0, transportProven: false }).lines).toBe(0);
    expect(verify("\n\r\n", { count: 0 }).lines).toBe(0);
    expect(faultOf("", { transportProven: false })).toContain("nothing proves");
    expect(faultOf("", { count: 1 })).toContain("0 lines, the manifest announced 1");
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
    ["an HTML page", "<!doctype html>\n<html><body>Login</body></html>\n", "line 1 is no JSON object, but markup"],
    ["a line that is no JSON object", `${record()}\n[1]\n`, "line 2 is no JSON object"],
    ["a line that is not JSON", `${record()}\n{"resourceType":"Patient","id":}\n${record()}\n`, "line 2 is not JSON"],
    ["a record of another type", `${record()}\n{"resourceType":"Device"}\n${record()}\n`, "line 2 holds no Patient"],
    ["a record within another one", `{"resourceType":"Bundle","entry":[{"resource":${record()}}]}`, "holds no Patient"],
    ["an array", "[]", "line 1"],
    ["binary", "\u0000\u0001\u0002", "line 1"],
  ])("notices %s", (_, content, where) => {
    expect(faultOf(content)).toContain(where);
  });

  it("notices what is not UTF-8, wherever the chunks are cut", () => {
    const latin1 = Buffer.from(`${record()}\n${record({ name: "Zoë" })}\n`, "latin1");
    for (let size = 1; size <= latin1.length; size += 1) expect(() => verify(latin1, {}, [size])).toThrow("not UTF-8");
  });

  it("notices a number of lines that differs from the manifest's count", () => {
    expect(faultOf(`${record()}\n`, { count: 2 })).toContain("1 lines, the manifest announced 2");
    expect(faultOf(`${record()}\n${record()}\n`, { count: 1 })).toContain("2 lines");
  });

  it("takes a file whose transport proves nothing only by the manifest's count", () => {
    expect(faultOf(`${record()}\n`, { transportProven: false })).toContain("nothing proves");
    expect(verify(`${record()}\n`, { transportProven: false, count: 1 }).lines).toBe(1);
  });

  it("takes no last line without its newline where only the count proves the file", () => {
    expect(verify(`${record()}\n${record()}`, { count: 2 }).lines).toBe(2);
    expect(faultOf(`${record()}\n${record()}`, { transportProven: false, count: 2 })).toContain("the last line");
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
      expect(verify(outcome({ toString: 1, valueOf: 1 }), outcomes).issues?.error).toBe(1);
    });

    it("counts every issue once, however the file is cut and ends", () => {
      const content = outcome("error") + outcome("warning", "error") + outcome("information").trimEnd();
      for (let size = 1; size <= content.length; size += 1) {
        const counts = { fatal: 0, error: 2, warning: 1, information: 1 };
        expect(verify(content, outcomes, [size]).issues).toEqual(counts);
      }
    });

    it("that is asked twice for its verdict counts no issue twice", () => {
      const verifier = new NdjsonVerifier({ ...patients, ...outcomes });
      verifier.push(Buffer.from(outcome("error").trimEnd()));
      verifier.finish();
      expect(verifier.finish().issues?.error).toBe(1);
    });

    it("refuses a line that would not fit into memory", () => {
      const verifier = new NdjsonVerifier({ ...patients, ...outcomes });
      const piece = Buffer.alloc(16 * 1024 * 1024, " ");
      verifier.push(Buffer.from('{"resourceType":"OperationOutcome",'));
      expect(() => {
        for (let n = 0; n < 5; n += 1) verifier.push(piece);
      }).toThrow("longer than");
    });

    it("notices a record in the middle that is not one", () => {
      expect(faultOf(`${outcome("error")}{"resourceType":"Patient"}\n${outcome()}`, outcomes)).toContain("line 2");
    });
  });
});
