import * as fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openWindow, windowBytes } from "#bulk-export/verified-file/first-pass.ts";
import { JsonLines } from "#bulk-export/verified-file/json-lines.ts";
import { mostKept, TwoPassLines } from "#bulk-export/verified-file/two-pass-lines.ts";
import { generateDataset } from "#local/simulator/records/dataset.ts";
import { FileDamaged } from "#platform/faults/file-faults.ts";
import { changedFile, cuts, file, readByJsonParse, tokens, type } from "../../../fixtures/ndjson-files.ts";

/** What is known of a stream after its chunks, or the fault. The chunks share memory, so some of them start at odd addresses. */
function read(
  Lines: typeof JsonLines | typeof TwoPassLines,
  bytes: Buffer,
  at: readonly number[] = [],
  expected = type,
) {
  const reader = new Lines(expected);
  try {
    let from = 0;
    for (const to of [...new Set(at.map((cut) => cut % (bytes.length + 1))), bytes.length].toSorted((a, b) => a - b)) {
      reader.push(bytes.subarray(from, to));
      from = to;
    }
    reader.end();
  } catch (error) {
    if (error instanceof FileDamaged) return error.message;
    throw error;
  }
  return { lines: reader.lines, endsWithNewline: reader.endsWithNewline };
}

function expectSame(bytes: Buffer, at?: readonly number[], expected?: string): void {
  expect(read(TwoPassLines, bytes, at, expected)).toEqual(read(JsonLines, bytes, at, expected));
}

const takenFrom = (content: string | Buffer, from = 0, expected = type) =>
  openWindow([Buffer.from(content as string)], expected)(from);

/** A line with everything that the first pass knows. */
const everything =
  '{"id":"1","resourceType":"Patient","text":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83d é日 a longer text","n":[-0.1e-7,0,10.25E+3],' +
  '"w":[true,false,null,{},[],""], "o" :{"resourceType":"Device","a\\n":[{"b":[[1]]}]}\t}\r\n';
const simple = '{"resourceType":"Patient"}\n';

afterEach(() => {
  vi.restoreAllMocks();
});

describe("lines in two passes", () => {
  it("files in chunks of any size get the same verdict as in one pass, and as from JSON.parse", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          file.map((content) => Buffer.from(content)),
          changedFile,
        ),
        cuts,
        (bytes, at) => {
          expectSame(bytes, at);
          const answer = read(TwoPassLines, bytes, at);
          expect(typeof answer === "string" ? "refused" : answer.lines).toBe(readByJsonParse(bytes));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("random pieces of JSON get the same verdict as in one pass", () => {
    fc.assert(
      fc.property(tokens, cuts, (pieces, at) => expectSame(Buffer.from(pieces.join("")), at)),
      { numRuns: 2_000 },
    );
  });

  it("a record with any byte replaced, removed or inserted gets the same verdict as in one pass", () => {
    const bytes = Buffer.from(everything);
    const differs = (at: number, out: number, into: readonly number[]) => {
      const changed = Buffer.concat([bytes.subarray(0, at), Buffer.from(into), bytes.subarray(at + out)]);
      return JSON.stringify(read(TwoPassLines, changed)) !== JSON.stringify(read(JsonLines, changed));
    };
    const anyByte = Array.from({ length: 256 }, (_, byte) => [byte]);
    const different = [...bytes.keys()].flatMap((at) =>
      [0, 1].flatMap((out) =>
        [[], ...anyByte].filter((into) => differs(at, out, into)).map((into) => ({ at, out, into })),
      ),
    );
    expect(different).toEqual([]);
  });

  it.each([
    ["records", ""],
    ["blank lines", "\n\r\n"],
    ["a broken record", '{"resourceType":"Patient","id":}\n'],
    ["a record of another type", '{"resourceType":"Device"}\n'],
    ["a record without a type", '{"id":"1"}\n'],
    ["a record with its type twice", '{"resourceType":"Patient","resourceType":"Patient"}\n'],
    ["a second type that is an array", '{"resourceType":[1],"resourceType":"Patient"}\n'],
    ["a second type whose name has an escape", '{"resourceType":"Patient","resource\\u0054ype":"Patient"}\n'],
    ["a type with an escape", '{"resourceType":"P\\u0061tient"}\n'],
    ["a name with an escape", '{"resource\\u0054ype":"Patient"}\n'],
    ["half a surrogate pair", '{"resourceType":"Patient","a":"\\ud83d"}\n'],
    ["a control character", '{"resourceType":"Patient","a":"\u0001"}\n'],
    ["a zero in a text", '{"resourceType":"Patient","a":"\u0000"}\n'],
    ["a zero between records", "\u0000\n"],
    ["a byte order mark between records", "\ufeff"],
    ["a line break in a record", '{"resourceType":"Patient",\n"a":1}\n'],
    ["two records in a line", '{"resourceType":"Patient"}{"resourceType":"Patient"}\n'],
    ["an array", '[{"resourceType":"Patient"}]\n'],
  ])("a file with %s gets the same verdict as in one pass, wherever its chunks end", (_, line) => {
    const bytes = Buffer.from(`\ufeff${everything}${simple}${line}${simple}`);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expectSame(bytes, [cut]);
      expectSame(bytes.subarray(0, cut));
    }
    expectSame(bytes, [...bytes.keys()]);
  });

  it("a fault names the line and the byte, whether or not the first pass took the lines before it", () => {
    const bytes = Buffer.from(`${simple.repeat(3)}\n${simple}{"resourceType":"Patient","id":}\n`);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expect(read(TwoPassLines, bytes, [cut])).toBe("line 5 is not JSON from its byte 32 on");
    }
  });

  it("records and chunks that are longer than a window get the same verdict as in one pass", () => {
    const long = `{"resourceType":"Patient","a":"${"x".repeat(2 * windowBytes)}"}\n`;
    const bytes = Buffer.from(`${everything.repeat(900)}${long}${simple}${long}${everything.repeat(10)}`);
    expect(bytes.length).toBeGreaterThan(5 * windowBytes);
    expect(read(TwoPassLines, bytes)).toEqual({ lines: 913, endsWithNewline: true });
    expectSame(Buffer.concat([bytes, Buffer.from("{}\n")]), [windowBytes - 1, windowBytes, windowBytes + 1]);
  });

  it("a line that is kept up to the most bytes, or is one byte longer, gets the same verdict as in one pass", () => {
    for (const length of [mostKept - 1, mostKept, mostKept + 1]) {
      for (const [end, line] of [
        ["", simple],
        ["}", "{}\n"],
      ] as const) {
        const start = `{"resourceType":"Patient","a":"`;
        const long = `${start}${"x".repeat(length - start.length)}"}${end}\n`;
        const bytes = Buffer.from(`${simple}${long}${line}`);
        for (const more of [0, 1, 2, 3]) expectSame(bytes, [simple.length + length + more]);
        expectSame(bytes, [simple.length + length, simple.length + length + 1]);
      }
    }
  });

  it("the table reads nothing of records that the first pass knows, however small the chunks are", () => {
    const judged = vi.spyOn(JsonLines.prototype, "push");
    for (const { type: expected, body, lines: count } of generateDataset(1, 10, 1_000).files({ level: "System" })) {
      const lines = new TwoPassLines(expected);
      for (let at = 0; at < body.length; at += 1_000) lines.push(body.subarray(at, at + 1_000));
      lines.end();
      expect(lines.lines).toBe(count);
    }
    expect(judged.mock.calls.reduce((bytes, [chunk]) => bytes + chunk.length, 0)).toBe(0);
  });

  it("a fault in a line that is kept is thrown by the chunk with its end, or at the end of the stream", () => {
    const lines = new TwoPassLines(type);
    lines.push(Buffer.from('{"resourceType":"Patient","id":}'));
    expect(() => lines.push(Buffer.from("\n"))).toThrow("line 1 is not JSON from its byte 32 on");
    const last = new TwoPassLines(type);
    last.push(Buffer.from(`${simple}{"id":1}`));
    expect(last.endsWithNewline).toBe(false);
    expect(() => last.end()).toThrow("line 2 does not hold a resource of type Patient");
  });

  it("two streams of different types that are read in turns do not mix", () => {
    const [patients, devices] = [new TwoPassLines("Patient"), new TwoPassLines("Device")];
    for (let turn = 0; turn < 3; turn += 1) {
      patients.push(Buffer.from(`{"resourceType":"Patient"}\n{"resourceType":`));
      devices.push(Buffer.from(`{"resourceType":"Device"}\n{"resourceType":"Dev`));
      patients.push(Buffer.from('"Patient"}\n'));
      devices.push(Buffer.from('ice"}\n'));
    }
    expect([patients.lines, devices.lines]).toEqual([6, 6]);
    expect(() => devices.push(Buffer.from(simple))).toThrow("line 7 does not hold a resource of type Device");
  });

  it.each(['a"b', "a\\u0041", "é", "", "x".repeat(300)])("the type %j is recognised as in one pass", (expected) => {
    for (const written of [JSON.stringify(expected), `"${expected}"`, '"aA"']) {
      expectSame(Buffer.from(`{"resourceType":${written}}\n`), [], expected);
    }
  });

  it("nesting of any depth gets the same verdict as in one pass", () => {
    for (const depth of [0, 1, 62, 63, 64, 65, 499, 500, 501]) {
      for (const [open, close] of [
        ["[", "]"],
        ['{"a":', "}"],
      ] as const) {
        const value = `${open.repeat(depth)}1${close.repeat(depth)}`;
        expectSame(Buffer.from(`{"resourceType":"Patient","a":${value}}\n`));
        expectSame(Buffer.from(`{"resourceType":"Patient","a":${value.slice(0, -1)}x}\n`));
      }
    }
  });
});

describe("the first pass", () => {
  it("takes every record of the simulator's files", () => {
    for (const { type: expected, body, lines } of generateDataset(1, 10, 1_000).files({ level: "System" })) {
      let taken = 0;
      for (let at = 0; at < body.length; ) {
        const window = takenFrom(body.subarray(at, at + windowBytes), 0, expected);
        expect(window.bytes).toBeGreaterThan(0);
        taken += window.lines;
        at += window.bytes;
      }
      expect(taken).toBe(lines);
    }
  });

  it("takes records with escapes, numbers, words and white space of every kind", () => {
    expect(takenFrom(everything + simple)).toEqual({ lines: 2, bytes: Buffer.byteLength(everything + simple) });
  });

  it("takes lines from an offset on, and stops before one of which it is not sure", () => {
    const content = `${simple}${simple}{}\n${simple}`;
    expect(takenFrom(content, simple.length)).toEqual({ lines: 1, bytes: simple.length });
    expect(takenFrom(content, 2 * simple.length)).toEqual({ lines: 0, bytes: 0 });
  });

  it("does not see what an earlier window left in its memory", () => {
    takenFrom(simple.repeat(10));
    for (let end = 0; end < simple.length; end += 1) {
      expect(takenFrom(simple.slice(0, end))).toEqual({ lines: 0, bytes: 0 });
    }
  });

  it("takes a line that fills the window to its last byte", () => {
    const filled = simple.repeat(Math.floor(windowBytes / simple.length) - 1);
    const last = `{"resourceType":"Patient","a":"${"x".repeat(windowBytes - filled.length - 34)}"}\n`;
    expect(filled.length + last.length).toBe(windowBytes);
    expect(takenFrom(filled + last).bytes).toBe(windowBytes);
    expect(takenFrom(filled + last.replace("\n", "x")).bytes).toBe(filled.length);
  });
});
