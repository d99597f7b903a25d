import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { CodingUnreadable, decodeBody } from "#platform/http/reading/content-coding.ts";

const limit = 10_000;
const encoders: Record<string, (body: Buffer) => Buffer> = {
  gzip: (body) => gzipSync(body),
  "x-gzip": (body) => gzipSync(body),
  deflate: (body) => deflateSync(body),
  br: (body) => brotliCompressSync(body),
  zstd: (body) => zstdCompressSync(body),
};

const faultOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(() => undefined).catch((error: unknown) => error);

describe("the reader of content codings", () => {
  it("a stack of codings is undone from the last to the first", async () => {
    const body = fc.uint8Array({ minLength: 1, maxLength: 2_000 }).map((bytes): Buffer => Buffer.from(bytes));
    const stack = fc.array(fc.constantFrom(...Object.keys(encoders)), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(body, stack, fc.boolean(), async (plain, codings, inCapitals) => {
        const encoded = codings.reduce<Buffer>((bytes, coding) => encoders[coding]?.(bytes) ?? bytes, plain);
        const header = inCapitals ? codings.join(" , ").toUpperCase() : codings;
        expect((await decodeBody(encoded, header, limit)).equals(plain)).toBe(true);
      }),
    );
  });

  it("deflate without its zlib header is decoded, as some servers send it", async () => {
    const plain = Buffer.from("{}".repeat(100));
    expect((await decodeBody(deflateRawSync(plain), "deflate", limit)).equals(plain)).toBe(true);
  });

  it.each([undefined, "", "identity", "none", "UTF-8", "identity, identity"])(
    "a body with the coding %j stays as it is",
    async (header) => {
      expect((await decodeBody(Buffer.from("{}"), header, limit)).toString()).toBe("{}");
    },
  );

  it("a body that says gzip and is none stays as it is", async () => {
    expect((await decodeBody(Buffer.from('{"a":1}'), "gzip", limit)).toString()).toBe('{"a":1}');
  });

  it.each(Object.keys(encoders))("an empty body with the coding %s is empty", async (coding) => {
    expect(await decodeBody(Buffer.alloc(0), coding, limit)).toHaveLength(0);
  });

  it.each(["compress", "aws-chunked", "constructor", "gzip, sdch"])(
    "the coding %s, which the bridge cannot read, is named at once",
    async (header) => {
      const fault = await faultOf(decodeBody(gzipSync("{}"), header, limit, "the manifest"));
      expect(fault).toBeInstanceOf(CodingUnreadable);
      const coding = header.replace("gzip, ", "");
      expect(fault).toMatchObject({ name: "ServerUnavailable", coding, unexplained: true });
      expect((fault as Error).message).toContain(`the manifest came in the content coding "${coding}"`);
    },
  );

  it("the name of an unknown coding is cut and put on one line", async () => {
    const fault = (await faultOf(decodeBody(gzipSync("{}"), `x\n${"y".repeat(9_000)}`, limit))) as Error;
    expect(fault.message.length).toBeLessThan(200);
    expect(fault.message).not.toContain("\n");
  });

  it.each(Object.entries(encoders))(
    "a body that decodes to more than the limit is refused in %s",
    async (coding, encode) => {
      const fault = await faultOf(decodeBody(encode(Buffer.alloc(3_000_000)), coding, limit));
      expect(fault).toMatchObject({ name: "ServerUnavailable", message: "the answer is longer than 10000 bytes" });
    },
  );

  it("a stack of codings is refused if any of its steps is larger than the limit", async () => {
    const bomb = gzipSync(gzipSync(Buffer.alloc(20_000_000)));
    expect(await faultOf(decodeBody(bomb, "gzip, gzip", limit))).toBeInstanceOf(ServerUnavailable);
    const tower = Array.from({ length: 5 }, () => "gzip").join(",");
    expect(await faultOf(decodeBody(bomb, tower, limit))).toBeInstanceOf(CodingUnreadable);
  });

  it("a cut body is refused in every coding", async () => {
    for (const [coding, encode] of Object.entries(encoders)) {
      const encoded = encode(Buffer.from(Array.from({ length: 500 }, (_, index) => (index * 7) % 251)));
      const fault = await faultOf(decodeBody(encoded.subarray(0, encoded.length - 12), coding, limit));
      expect(fault, coding).toMatchObject({ name: "ServerUnavailable", unexplained: false });
    }
  });

  it("decoding ends with a body or with ServerUnavailable, whatever the bytes are", async () => {
    const coding = fc.constantFrom(...Object.keys(encoders));
    const bytes = fc.uint8Array({ maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(coding, fc.boolean(), bytes, async (name, begins, rest) => {
        const beginning = begins ? (encoders[name]?.(Buffer.from("a")).subarray(0, 4) ?? []) : [];
        const fault = await faultOf(decodeBody(Buffer.from([...beginning, ...rest]), name, limit));
        expect(fault === undefined || fault instanceof ServerUnavailable).toBe(true);
      }),
    );
  });
});
