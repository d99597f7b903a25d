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
  throw new Error("the file was accepted");
}

const record = (more: object = {}): string => JSON.stringify({ resourceType: "Patient", ...more });
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 });
const records = fc.array(
  fc.record({ id: fc.string({ unit: "grapheme" }), value: fc.jsonValue() }).map((more) => record(more)),
);

const outcome = (...severities: unknown[]): string =>
  `${JSON.stringify({ resourceType: "OperationOutcome", issue: severities.map((severity) => ({ severity })) })}\n`;

const isHarmless = (value: unknown): boolean => {
  const { resourceType: type, issue: said } = (value ?? {}) as { resourceType?: unknown; issue?: unknown };
  const all = [said].flat() as ({ severity?: unknown } | null | undefined)[];
  const harmless = all.every((one) => ["warning", "information"].includes(String(one?.severity)));
  return type === "OperationOutcome" && all.length > 0 && harmless;
};

describe("the NDJSON verifier", () => {
  it("the lines and bytes of any records are counted in chunks of any size", () => {
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

  it("an empty file is whole if the transport or a count of 0 proves it", () => {
    expect(verify("")).toEqual({ lines: 0, bytes: 0, issues: undefined });
    expect(verify("", { count: 0 }).lines).toBe(0);
    expect(verify("", { count: 0, transportProven: false }).lines).toBe(0);
    expect(verify("\n\r\n", { count: 0 }).lines).toBe(0);
    expect(faultOf("", { transportProven: false })).toContain("nothing proves");
    expect(faultOf("", { count: 1 })).toContain("0 lines, but the manifest announced 1");
  });

  it("blank lines are not counted", () => {
    expect(verify(`\n${record()}\n\r\n\n${record()}\n\n`).lines).toBe(2);
  });

  it("a file can be finished twice with the same verdict", () => {
    const verifier = new NdjsonVerifier(patients);
    verifier.push(Buffer.from(`${record()}\n${record()}`));
    expect(verifier.finish()).toEqual(verifier.finish());
  });

  it("a file that ends anywhere inside its last record is damaged", () => {
    fc.assert(
      fc.property(records, fc.nat(), sizes, (lines, cut, cuts) => {
        const last = record({ id: "last", text: "}{\\}" });
        const kept = last.slice(0, 1 + (cut % (last.length - 1)));
        expect(faultOf([...lines, kept].join("\n"), {}, cuts)).toContain(`line ${lines.length + 1}`);
      }),
    );
  });

  it.each([
    ["an HTML page", "<!doctype html>\n<html><body>Login</body></html>\n", "line 1 is not a JSON object, but markup"],
    ["a line that is not a JSON object", `${record()}\n[1]\n`, "line 2 is not a JSON object"],
    ["a line that is not JSON", `${record()}\n{"resourceType":"Patient","id":}\n${record()}\n`, "line 2 is not JSON"],
    [
      "a record of another type",
      `${record()}\n{"resourceType":"Device"}\n${record()}\n`,
      "line 2 does not hold a resource of type Patient",
    ],
    [
      "a record within another one",
      `{"resourceType":"Bundle","entry":[{"resource":${record()}}]}`,
      "does not hold a resource of type Patient",
    ],
    ["an array", "[]", "line 1"],
    ["binary", "\u0000\u0001\u0002", "line 1"],
  ])("a file with %s is damaged", (_, content, where) => {
    expect(faultOf(content)).toContain(where);
  });

  it("a file that is not UTF-8 is damaged, in chunks of any size", () => {
    const latin1 = Buffer.from(`${record()}\n${record({ name: "Zoë" })}\n`, "latin1");
    for (let size = 1; size <= latin1.length; size += 1) expect(() => verify(latin1, {}, [size])).toThrow("not UTF-8");
  });

  it("a file with another number of lines than the manifest's count is damaged", () => {
    expect(faultOf(`${record()}\n`, { count: 2 })).toContain("1 lines, but the manifest announced 2");
    expect(faultOf(`${record()}\n${record()}\n`, { count: 1, transportProven: false })).toContain("2 lines");
  });

  // E19
  it("a file with more lines than the manifest's count is whole if its transport proves that", () => {
    expect(verify(`${record()}\n${record()}\n`, { count: 1 }).lines).toBe(2);
    expect(verify(`${record()}\n`, { count: 0 }).lines).toBe(1);
  });

  // E20
  it("a byte order mark in front of a file is counted as bytes, not as a line", () => {
    expect(verify(`\ufeff${record()}\n`, { count: 1 })).toMatchObject({ lines: 1, bytes: record().length + 4 });
    expect(verify("\ufeff", { count: 0 }).lines).toBe(0);
  });

  it("a file whose transport proves nothing is whole only by the manifest's count", () => {
    expect(faultOf(`${record()}\n`, { transportProven: false })).toContain("nothing proves");
    expect(verify(`${record()}\n`, { transportProven: false, count: 1 }).lines).toBe(1);
  });

  it("a file that only the count proves must end with a newline", () => {
    expect(verify(`${record()}\n${record()}`, { count: 2 }).lines).toBe(2);
    expect(faultOf(`${record()}\n${record()}`, { transportProven: false, count: 2 })).toContain("the last line");
  });

  it("a fault never quotes a record's content", () => {
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

  describe("for a file of OperationOutcomes", () => {
    const outcomes: Partial<Expectation> = { type: "OperationOutcome" };

    it("the issues of all OperationOutcomes are counted by severity", () => {
      const content = outcome("fatal", "error") + outcome("warning") + outcome("information", "error");
      expect(verify(content, outcomes).issues).toEqual({ fatal: 1, error: 2, warning: 1, information: 1 });
    });

    // E7
    it.each([
      ["one object instead of a list", { severity: "error" }, { error: 1 }],
      ["one harmless object instead of a list", { severity: "information" }, { information: 1 }],
      ["missing", undefined, { error: 1 }],
      ["null", null, { error: 1 }],
      ["an empty list", [], { error: 1 }],
      ["a text", "error", { error: 1 }],
      ["a list in a list", [[{ severity: "information" }]], { error: 1 }],
    ])("an issue that is %s counts as what it plainly says, or as an error", (_, issue, counts) => {
      const content = `${JSON.stringify({ resourceType: "OperationOutcome", issue })}\n`;
      const none = { fatal: 0, error: 0, warning: 0, information: 0 };
      expect(verify(content, outcomes).issues).toEqual({ ...none, ...counts });
      expect(verify(content, { ...outcomes, isReport: true }).issues).toEqual({ ...none, ...counts });
    });

    it("an issue of unknown or missing severity counts as an error", () => {
      expect(verify(outcome("catastrophe", undefined, 7), outcomes).issues?.error).toBe(3);
    });

    it.each(["constructor", "toString", "__proto__", "valueOf"])(
      "an issue of severity %j counts as an error, although every object has such a member",
      (severity) => {
        expect(verify(outcome(severity), outcomes).issues).toEqual({ fatal: 0, error: 1, warning: 0, information: 0 });
      },
    );

    it("an issue that is not an object counts as an error", () => {
      const content = '{"resourceType":"OperationOutcome","issue":[null,"x",7]}\n';
      expect(verify(content, outcomes).issues?.error).toBe(3);
      expect(verify(outcome({ toString: 1, valueOf: 1 }), outcomes).issues?.error).toBe(1);
    });

    it("every issue is counted once, in chunks of any size and with or without a last newline", () => {
      const content = outcome("error") + outcome("warning", "error") + outcome("information").trimEnd();
      for (let size = 1; size <= content.length; size += 1) {
        const counts = { fatal: 0, error: 2, warning: 1, information: 1 };
        expect(verify(content, outcomes, [size]).issues).toEqual(counts);
      }
    });

    it("issues are counted once even if the file is finished twice", () => {
      const verifier = new NdjsonVerifier({ ...patients, ...outcomes });
      verifier.push(Buffer.from(outcome("error").trimEnd()));
      verifier.finish();
      expect(verifier.finish().issues?.error).toBe(1);
    });

    it("an OperationOutcome that is too long for memory is refused", () => {
      const verifier = new NdjsonVerifier({ ...patients, ...outcomes });
      const piece = Buffer.alloc(16 * 1024 * 1024, " ");
      verifier.push(Buffer.from('{"resourceType":"OperationOutcome",'));
      expect(() => {
        for (let n = 0; n < 5; n += 1) verifier.push(piece);
      }).toThrow("longer than");
    });

    it("a file of OperationOutcomes with another resource in the middle is damaged", () => {
      expect(faultOf(`${outcome("error")}{"resourceType":"Patient"}\n${outcome()}`, outcomes)).toContain("line 2");
    });
  });

  // E7
  describe("for a report on the export", () => {
    const report: Partial<Expectation> = { type: "OperationOutcome", isReport: true };
    const none = { fatal: 0, error: 0, warning: 0, information: 0 };

    it.each([
      ["another resource", record()],
      ["a page of HTML", "<html>Please log in</html>"],
      ["a text that is not JSON", "no such patient"],
      ["a list", "[]"],
      ["half a record", '{"resourceType":"OperationOutcome","issue":[{"severity":"infor'],
      ["bytes that are not UTF-8", Buffer.from([0xff, 0xfe, 0x00])],
      ["an OperationOutcome under another spelling", '{"resourceType":"operationoutcome","issue":[]}'],
    ])("a line that holds %s counts as an error", (_, line) => {
      const content = Buffer.concat([Buffer.from(outcome("information")), Buffer.from(line as string)]);
      expect(verify(content, report)).toEqual({
        lines: 2,
        bytes: content.length,
        issues: { ...none, information: 1, error: 1 },
      });
    });

    it("a file without lines has no issues", () => {
      expect(verify("\r\n\n", report)).toEqual({ lines: 0, bytes: 3, issues: none });
    });

    it("a report with missing or unproven lines is damaged, as any file is", () => {
      expect(faultOf(outcome("error"), { ...report, count: 2 })).toContain("1 lines");
      expect(faultOf(outcome("error"), { ...report, transportProven: false })).toContain("nothing proves");
      const cut = outcome("error").trimEnd();
      expect(faultOf(cut, { ...report, transportProven: false, count: 1 })).toContain("the last line");
    });

    it("a report is harmless only if each line is an OperationOutcome with harmless issues", () => {
      const severity = fc.constantFrom("fatal", "error", "warning", "information", "Error", null, 7);
      const issue = fc.oneof(fc.array(fc.record({ severity })), fc.record({ severity }), fc.jsonValue());
      const resourceType = fc.constantFrom("OperationOutcome", "OperationOutcome", "Patient", undefined);
      const lines = fc.array(fc.oneof(fc.record({ resourceType, issue }), fc.jsonValue()), { maxLength: 5 });
      fc.assert(
        fc.property(lines, sizes, (values, cuts) => {
          const content = values.map((value) => `${JSON.stringify(value)}\n`).join("");
          const verdict = verify(content, report, cuts);
          expect(verdict.lines).toBe(values.length);
          const { error = 0, fatal = 0 } = verdict.issues ?? {};
          expect(error + fatal === 0).toBe(values.every(isHarmless));
        }),
      );
    });
  });
});
