import { Readable } from "node:stream";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FileCut, FileDamaged } from "#platform/faults/file-faults.ts";
import { openDecodedBody } from "#platform/http/decoded-body.ts";
import type { HttpAnswer } from "#platform/http/http.ts";

const text = Buffer.from(Array.from({ length: 40 }, (_, n) => `line ${n * 7919} of the file\n`).join(""));
const zipped = gzipSync(text);

/** An answer with a body in several pieces, which end at the given places. */
function answer(
  body: Buffer,
  cuts: readonly number[] = [],
  headers: HttpAnswer["headers"] = {},
  coding = "gzip",
): HttpAnswer {
  const places = [0, ...cuts.map((cut) => cut % (body.length + 1)), body.length].toSorted((a, b) => a - b);
  const pieces = places.slice(1).map((to, place) => body.subarray(places[place], to));
  return {
    status: 200,
    headers: { "content-encoding": coding, ...headers },
    body: Readable.from(pieces.filter(({ length }) => length > 0)),
  };
}

async function read(from: HttpAnswer): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of (await openDecodedBody(from, "the file")).chunks) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const cuts = fc.array(fc.nat(), { maxLength: 8 });

describe("a gzipped body", () => {
  it("a gzip body of one or several members is whole in pieces of any size", async () => {
    const members = fc.array(fc.uint8Array({ maxLength: 60 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(members, cuts, async (parts, at) => {
        const body = Buffer.concat(parts.map((part) => gzipSync(part)));
        expect((await read(answer(body, at))).equals(Buffer.concat(parts))).toBe(true);
      }),
    );
  });

  it("a gzip body that ends anywhere before the end of its trailer is cut", async () => {
    for (let length = 0; length < zipped.length; length += 1) {
      await expect(read(answer(zipped.subarray(0, length)))).rejects.toBeInstanceOf(FileCut);
    }
  });

  it("a gzip body that ends inside a further member is cut", async () => {
    const two = Buffer.concat([zipped, zipped]);
    for (let length = zipped.length + 1; length < two.length; length += 1) {
      await expect(read(answer(two.subarray(0, length), [zipped.length]))).rejects.toBeInstanceOf(FileCut);
    }
  });

  it("a gzip body with other bytes after its trailer is damaged, in pieces of any size", async () => {
    const garbage = fc.oneof(
      fc.constantFrom("\0", "\0\0\0\0\0\0\0\0", "\n", "<html>", "PK").map((some) => Buffer.from(some)),
      fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    );
    const places = fc.array(fc.integer({ min: zipped.length - 3, max: zipped.length + 3 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(garbage, places, async (behind, at) => {
        const body = Buffer.concat([zipped, behind]);
        // A single byte, or the two bytes of gzip, may be the beginning of a member that breaks off.
        const begins = behind[0] !== 0 && (behind.length === 1 || behind.subarray(0, 2).equals(zipped.subarray(0, 2)));
        await expect(read(answer(body, at))).rejects.toBeInstanceOf(begins ? Error : FileDamaged);
      }),
      { numRuns: 300 },
    );
  });

  it("a gzip body with one changed byte is refused, or has the same content", async () => {
    for (let at = 0; at < zipped.length; at += 1) {
      const body = Buffer.from(zipped);
      body[at] = (body[at] ?? 0) ^ 0x55;
      const result = await read(answer(body)).catch((error: unknown) => error);
      const refused = result instanceof FileCut || result instanceof FileDamaged;
      expect(refused || (Buffer.isBuffer(result) && result.equals(text)), `byte ${at}`).toBe(true);
    }
  });

  it("a body that says gzip and plainly is none is taken as it is, if its length proves that it is whole", async () => {
    const ndjson = Buffer.from('{"a":1}\n');
    const headers = { "content-length": String(ndjson.length) };
    const opened = await openDecodedBody(answer(ndjson, [1, 2], headers), "the file");
    const chunks: Buffer[] = [];
    for await (const chunk of opened.chunks) chunks.push(chunk);
    expect([Buffer.concat(chunks).toString(), opened.wholeness]).toEqual([ndjson.toString(), "length"]);
    expect(await read(answer(Buffer.alloc(0), [], { "content-length": "0" }))).toHaveLength(0);
  });

  it("a body with bytes after the end of any coding is damaged", async () => {
    const coded = { deflate: deflateSync(text), br: brotliCompressSync(text), zstd: zstdCompressSync(text) };
    for (const [coding, body] of Object.entries(coded)) {
      const behind = Buffer.concat([body, Buffer.from("more")]);
      await expect(read(answer(behind, [9], {}, coding))).rejects.toMatchObject({
        name: "FileDamaged",
        message: /after/,
      });
    }
  });

  it("a body in an unknown coding is refused at once, and closed", async () => {
    const unknown = answer(text, [], {}, "gzip, compress");
    await expect(openDecodedBody(unknown, "the file")).rejects.toMatchObject({ coding: "compress" });
    expect(unknown.body.destroyed).toBe(true);
  });

  it("a body that is not gzip is damaged", async () => {
    await expect(read(answer(text))).rejects.toMatchObject({ name: "FileDamaged", message: /not a gzip stream/ });
  });

  it.each([-1, 1, 100])(
    "a gzip body that is %i bytes longer than its Content-Length is cut, even if its trailer is complete",
    async (more) => {
      const headers = { "content-length": String(zipped.length - more) };
      await expect(read(answer(zipped, [], headers))).rejects.toMatchObject({
        name: "FileCut",
        message: /on the wire/,
      });
    },
  );

  it("a gzip body with the announced Content-Length is whole", async () => {
    const headers = { "content-length": String(zipped.length) };
    expect((await read(answer(zipped, [5], headers))).equals(text)).toBe(true);
  });

  it("a gzip body whose connection breaks is cut, and the fault has the network error", async () => {
    const reset = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
    const body = Readable.from(
      (async function* () {
        await Promise.resolve();
        yield zipped.subarray(0, 30);
        throw reset;
      })(),
    );
    await expect(read({ status: 200, headers: { "content-encoding": "gzip" }, body })).rejects.toMatchObject({
      name: "FileCut",
      message: "the file broke off after 30 bytes on the wire (ECONNRESET)",
    });
  });

  it("a gzip body that is not read to its end is closed", async () => {
    const long = answer(gzipSync(Buffer.alloc(4 * 1024 * 1024, text)), [10, 100, 1_000]);
    for await (const _ of (await openDecodedBody(long, "the file")).chunks) break;
    expect(long.body.destroyed).toBe(true);
  });
});
