import { Readable } from "node:stream";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resumedBody } from "#bulk-export/server/resumed-body.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { FileCut } from "#platform/faults/file-faults.ts";
import type { HttpAnswer } from "#platform/http/http.ts";

const file = Buffer.from("0123456789abcdefghijklmnopqrstuvwxyz");
const etag = '"v1"';

/** An answer with the body `bytes`. After them the connection breaks, or the body ends without an error. */
function answer(status: number, headers: HttpAnswer["headers"], bytes: Buffer, breaks = false): HttpAnswer {
  const body = Readable.from(
    (async function* () {
      await Promise.resolve();
      for (let at = 0; at < bytes.length; at += 4) yield bytes.subarray(at, at + 4);
      if (breaks) throw Object.assign(new Error("reset"), { code: "ECONNRESET" });
    })(),
  );
  return { status, headers, body };
}

const whole = { "content-length": String(file.length), etag };
const cutAt = (at: number, headers: HttpAnswer["headers"] = whole): HttpAnswer =>
  answer(200, headers, file.subarray(0, at), true);
const restFrom = (
  at: number,
  headers: HttpAnswer["headers"] = {},
  bytes = file.subarray(at),
  breaks = false,
): HttpAnswer =>
  answer(206, { etag, "content-range": `bytes ${at}-${file.length - 1}/${file.length}`, ...headers }, bytes, breaks);

interface Reading {
  text: string;
  error: unknown;
  requested: { from: number; etag: string }[];
}

async function read(first: HttpAnswer, rests: (HttpAnswer | Error)[] = [], signal?: AbortSignal): Promise<Reading> {
  const requested: Reading["requested"] = [];
  const requestRest = (from: number, tag: string): Promise<HttpAnswer> => {
    requested.push({ from, etag: tag });
    const rest = rests[requested.length - 1] ?? new Error("requested too often");
    return rest instanceof Error ? Promise.reject(rest) : Promise.resolve(rest);
  };
  let text = "";
  try {
    for await (const chunk of resumedBody(first, requestRest, signal)) text += chunk.toString();
  } catch (error) {
    return { text, error, requested };
  }
  return { text, error: undefined, requested };
}

describe("a body that breaks off", () => {
  it("a broken body is resumed from where it broke, for the same version", async () => {
    const reading = await read(cutAt(10), [restFrom(10)]);
    expect(reading).toEqual({ text: file.toString(), error: undefined, requested: [{ from: 10, etag }] });
  });

  it("a body that ends too early without an error is resumed", async () => {
    const reading = await read(answer(200, whole, file.subarray(0, 7)), [restFrom(7)]);
    expect(reading).toMatchObject({ text: file.toString(), error: undefined });
  });

  it("a body is resumed three times at most", async () => {
    const rest = (from: number, to: number) => restFrom(from, {}, file.subarray(from, to), true);
    expect((await read(cutAt(4), [rest(4, 8), rest(8, 12), restFrom(12)])).text).toBe(file.toString());
    const reading = await read(cutAt(4), [rest(4, 8), rest(8, 12), rest(12, 16), restFrom(16)]);
    expect(reading.error).toMatchObject({ name: "FileCut", message: "the file broke off after 16 bytes (ECONNRESET)" });
    expect(reading.requested.map(({ from }) => from)).toEqual([4, 8, 12]);
  });

  it("a body is not resumed if the last transfer brought no bytes", async () => {
    expect((await read(cutAt(0), [restFrom(0)])).requested).toEqual([]);
    const reading = await read(cutAt(4), [restFrom(4, {}, Buffer.alloc(0), true), restFrom(4)]);
    expect(reading.error).toBeInstanceOf(FileCut);
    expect(reading.requested).toHaveLength(1);
  });

  it("a body without an announced length gets its length from the resumption", async () => {
    expect((await read(cutAt(10, { etag }), [restFrom(10)])).text).toBe(file.toString());
    const short = await read(cutAt(10, { etag }), [restFrom(10, {}, file.subarray(10, 20)), restFrom(20)]);
    expect(short).toMatchObject({ text: file.toString(), requested: [{ from: 10 }, { from: 20 }] });
  });

  it("a body of known length is resumed even if the rest does not state the whole length", async () => {
    const unknown = restFrom(10, { "content-range": `bytes 10-${file.length - 1}/*` });
    expect((await read(cutAt(10), [unknown])).text).toBe(file.toString());
  });

  it.each([
    ["no ETag", { etag: undefined }],
    ["a weak ETag", { etag: 'W/"v1"' }],
    ["a malformed ETag", { etag: "v1" }],
    ["two ETags", { etag: ['"v1"', '"v2"'] }],
    ["Accept-Ranges: none", { "accept-ranges": "none" }],
  ])("a body is not resumed if the server sent %s", async (_, headers) => {
    const reading = await read(cutAt(10, { ...whole, ...headers }), [restFrom(10)]);
    expect(reading.error).toBeInstanceOf(FileCut);
    expect(reading.requested).toEqual([]);
  });

  it("a body is not resumed if the caller aborted it", async () => {
    const reading = await read(cutAt(10), [restFrom(10)], AbortSignal.abort());
    expect(reading.error).toBeInstanceOf(FileCut);
    expect(reading.requested).toEqual([]);
  });

  it.each([
    ["the whole file again", answer(200, whole, file)],
    ["the whole file again, though it speaks of a part", { ...restFrom(10), status: 200 }],
    ["no such range", answer(416, { "content-range": `bytes */${file.length}` }, Buffer.alloc(0))],
    ["a part that does not say which", restFrom(10, { "content-range": undefined })],
    ["a part in another unit", restFrom(10, { "content-range": "lines 10-35/36" })],
    ["a part from elsewhere", restFrom(10, { "content-range": "bytes 9-35/36" }, file.subarray(9))],
    ["a part that ends before the file does", restFrom(10, { "content-range": "bytes 10-34/36" })],
    ["a part of a longer file", restFrom(10, { "content-range": "bytes 10-39/40" })],
    ["a part of another version", restFrom(10, { etag: '"v2"' })],
    ["a part of a version that it does not name", restFrom(10, { etag: undefined })],
    ["a part by weak comparison only", restFrom(10, { etag: 'W/"v1"' })],
    ["a part in gzip", restFrom(10, { "content-encoding": "gzip" })],
  ])("a body is cut if the server answers the resumption with %s", async (_, rest) => {
    const { text, error, requested } = await read(cutAt(10), [rest, restFrom(10)]);
    expect(error).toMatchObject({ name: "FileCut", message: expect.stringContaining("did not continue") as string });
    expect(text).toBe("0123456789");
    expect(requested).toHaveLength(1);
    expect(rest.body.destroyed).toBe(true);
  });

  it("a body is cut if no answer states the whole length", async () => {
    const unknown = restFrom(10, { "content-range": "bytes 10-35/*" });
    expect((await read(cutAt(10, { etag }), [unknown])).error).toBeInstanceOf(FileCut);
  });

  it("a fault of the resumption is thrown unchanged", async () => {
    const busy = new ServerUnavailable("503", { retryAfterMs: 5_000 });
    expect((await read(cutAt(10), [busy])).error).toBe(busy);
  });

  it("a body that breaks anywhere is the whole file or an error", async () => {
    const places = fc.array(fc.nat(file.length), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(places, fc.boolean(), async (cuts, breaks) => {
        const ends = cuts.toSorted((a, b) => a - b);
        const [firstEnd = file.length, ...others] = ends;
        const rests = ends.map((from, n) => restFrom(from, {}, file.subarray(from, others[n] ?? file.length), breaks));
        const { text, error } = await read(answer(200, whole, file.subarray(0, firstEnd), breaks), rests);
        expect(error instanceof FileCut || text === file.toString()).toBe(true);
        expect(file.toString().startsWith(text)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
