import { AbortMultipartUploadCommand, UploadPartCommand } from "@aws-sdk/client-s3";
import * as fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { type UploadOptions, verifiedUpload } from "#bulk-export/verified-file/verified-upload.ts";
import { landingBucket } from "#platform/bucket/landing-bucket.ts";
import { FileCut, FileDamaged, ObjectConflict } from "#platform/faults/file-faults.ts";
import { crcOf, type S3InMemory, s3Error, s3InMemory } from "../../../fixtures/s3-in-memory.ts";

const key = "exports/e1/Patient/a.ndjson";
const lines = (count: number): Buffer =>
  Buffer.from(
    Array.from({ length: count }, (_, id) => `${JSON.stringify({ resourceType: "Patient", id })}\n`).join(""),
  );

async function* pieces(bytes: Buffer, sizes: readonly number[] = [64]): AsyncGenerator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function* brokenOff(bytes: Buffer): AsyncGenerator<Buffer> {
  yield* pieces(bytes);
  throw new FileCut("cut");
}

const forbidden = () => Promise.reject(new Error("stopped"));

describe("a verified upload", () => {
  let s3: S3InMemory;
  let seen: string[];
  beforeEach(() => {
    s3 = s3InMemory();
    seen = [];
  });

  const nothingStays = (): void => {
    expect(s3.objects.size).toBe(0);
    expect(s3.uploads.size).toBe(0);
  };
  const options = (more: Partial<UploadOptions> = {}): UploadOptions => ({
    key,
    expected: { type: "Patient", count: null, transportProven: true },
    beforeVisible: () => {
      seen = [...s3.objects.keys()];
      return Promise.resolve();
    },
    ...more,
  });
  const upload = (chunks: AsyncIterable<Buffer>, more?: Partial<UploadOptions>, partBytes = 256) =>
    verifiedUpload(s3.client, landingBucket(s3.client, "bucket"), { putBytes: partBytes, partBytes })(
      chunks,
      options(more),
    );

  it("a small file lands with one conditional write and its checksum", async () => {
    const file = lines(3);
    expect(await upload(pieces(file))).toEqual({ lines: 3, bytes: file.length, crc32: crcOf(file), issues: undefined });
    expect(s3.commands).toEqual(["PutObject"]);
    expect(s3.objects.get(key)).toEqual({ body: file, crc32: crcOf(file), contentType: "application/fhir+ndjson" });
    expect(seen).toEqual([]);
  });

  it("an empty file lands", async () => {
    expect(await upload(pieces(Buffer.alloc(0)))).toMatchObject({ lines: 0, bytes: 0 });
    expect(s3.objects.get(key)?.body).toHaveLength(0);
  });

  it("a large file lands in parts that together are the file", async () => {
    const file = lines(50);
    expect(await upload(pieces(file))).toMatchObject({ lines: 50, bytes: file.length, crc32: crcOf(file) });
    expect(s3.objects.get(key)).toEqual({ body: file, crc32: crcOf(file), contentType: "application/fhir+ndjson" });
    expect(s3.lastParts.slice(0, -1).every((size) => size === 256)).toBe(true);
    expect(s3.uploads.size).toBe(0);
    expect(seen).toEqual([]);
  });

  it.each([
    ["16 MiB", 0, ["PutObject"], []],
    [
      "16 MiB and a byte",
      1,
      ["CreateMultipartUpload", "UploadPart", "UploadPart", "CompleteMultipartUpload"],
      [512, 1],
    ],
  ])("with the sizes scaled down, a file of %s takes the requests %#", async (_, more, commands, parts) => {
    const record = Buffer.from(`{"resourceType":"Patient","id":"${"x".repeat(512 - 34 - 1 + more)}"}\n`);
    expect(record).toHaveLength(512 + more);
    const sizes = { putBytes: 512, partBytes: 256 };
    await verifiedUpload(s3.client, landingBucket(s3.client, "bucket"), sizes)(pieces(record), options());
    expect(s3.commands).toEqual(commands);
    expect(s3.lastParts).toEqual(parts);
  });

  it("any file lands unchanged, in chunks and parts of any size", async () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 40 }), cuts, fc.integer({ min: 1, max: 400 }), async (count, sizes, partBytes) => {
        s3 = s3InMemory();
        const file = lines(count);
        const verified = await upload(
          pieces(file, sizes),
          { expected: { type: "Patient", count, transportProven: false } },
          partBytes,
        );
        expect(verified).toMatchObject({ lines: count, bytes: file.length, crc32: crcOf(file) });
        expect(s3.objects.get(key)?.body.equals(file)).toBe(true);
        expect(s3.uploads.size).toBe(0);
        expect(s3.commands.includes("PutObject")).toBe(file.length <= partBytes);
        expect(s3.lastParts.slice(0, -1).every((size) => size === partBytes)).toBe(true);
      }),
    );
  });

  it("parts that are sent concurrently keep their order", async () => {
    const file = lines(30);
    const { client } = s3;
    const first = Promise.withResolvers<void>();
    const slow = {
      send: async (command: { input: { PartNumber?: number } }) => {
        if (command.input.PartNumber === 1) await first.promise;
        if (command.input.PartNumber === 2) first.resolve();
        return await client.send(command as never);
      },
    } as unknown as typeof client;
    await verifiedUpload(slow, landingBucket(slow, "bucket"), { putBytes: 256, partBytes: 256 })(
      pieces(file),
      options(),
    );
    expect(s3.objects.get(key)?.body.equals(file)).toBe(true);
  });

  describe.each([
    ["small", 3],
    ["large", 50],
  ])("for a %s file", (size, count) => {
    it("a damaged file does not land", async () => {
      const damaged = Buffer.concat([lines(count), Buffer.from("<html>\n")]);
      await expect(upload(pieces(damaged))).rejects.toBeInstanceOf(FileDamaged);
      nothingStays();
    });

    it("a file with another count than the manifest's does not land", async () => {
      const expected = { type: "Patient", count: count + 1, transportProven: true };
      await expect(upload(pieces(lines(count)), { expected })).rejects.toBeInstanceOf(FileDamaged);
      nothingStays();
    });

    it("a file that breaks off does not land", async () => {
      await expect(upload(brokenOff(lines(count)))).rejects.toBeInstanceOf(FileCut);
      nothingStays();
    });

    it("a file does not land if the check before it becomes visible fails", async () => {
      await expect(upload(pieces(lines(count)), { beforeVisible: forbidden })).rejects.toThrow("stopped");
      nothingStays();
    });

    it("the check before a file becomes visible comes after its verification", async () => {
      let checked = false;
      const beforeVisible = () => {
        checked = true;
        return Promise.resolve();
      };
      await expect(upload(brokenOff(lines(count)), { beforeVisible })).rejects.toBeInstanceOf(FileCut);
      expect(checked).toBe(false);
    });

    it("an equal object that already has the key counts as landed", async () => {
      const file = lines(count);
      s3.objects.set(key, { body: file, crc32: crcOf(file), contentType: undefined });
      expect(await upload(pieces(file))).toMatchObject({ lines: count, bytes: file.length, crc32: crcOf(file) });
      expect(s3.uploads.size).toBe(0);
    });

    it("another object that already has the key is not replaced", async () => {
      const other = Buffer.from("other");
      s3.objects.set(key, { body: other, crc32: crcOf(other), contentType: undefined });
      await expect(upload(pieces(lines(count)))).rejects.toBeInstanceOf(ObjectConflict);
      expect(s3.objects.get(key)?.body.toString()).toBe("other");
      expect(s3.uploads.size).toBe(0);
    });

    it("another object of the same size does not count as landed", async () => {
      const file = lines(count);
      const other = Buffer.from(file.toString().replace('"id":1', '"id":9'));
      s3.objects.set(key, { body: other, crc32: crcOf(other), contentType: undefined });
      await expect(upload(pieces(file))).rejects.toBeInstanceOf(ObjectConflict);
    });

    it("the file's stream is closed after a failure", async () => {
      let closed = false;
      const watched = async function* (): AsyncGenerator<Buffer> {
        try {
          yield* pieces(lines(count));
        } finally {
          closed = true;
        }
      };
      s3.failures.set(size === "small" ? "PutObject" : "CreateMultipartUpload", s3Error("SlowDown", 503));
      await expect(upload(watched())).rejects.toMatchObject({ name: "SlowDown" });
      expect(closed).toBe(true);
    });
  });

  it.each(["UploadPart", "CompleteMultipartUpload"])("an upload is aborted if %s fails", async (command) => {
    s3.failures.set(command, s3Error("InternalError", 500));
    await expect(upload(pieces(lines(50)))).rejects.toMatchObject({ name: "InternalError" });
    expect(s3.uploads.size).toBe(0);
    expect(s3.objects.size).toBe(0);
  });

  it("an upload is aborted only after all its parts have been sent, because S3 would keep a later one", async () => {
    const { client } = s3;
    const underWay = new Set<object>();
    const leftAtAbort: number[] = [];
    const slow = {
      send: async (command: object) => {
        if (command instanceof AbortMultipartUploadCommand) leftAtAbort.push(underWay.size);
        if (!(command instanceof UploadPartCommand)) return await client.send(command as never);
        underWay.add(command);
        await new Promise((resolve) => setImmediate(resolve));
        underWay.delete(command);
        return await client.send(command as never);
      },
    } as unknown as typeof client;
    const landing = verifiedUpload(slow, landingBucket(slow, "bucket"), { putBytes: 256, partBytes: 256 })(
      brokenOff(lines(50)),
      options(),
    );
    await expect(landing).rejects.toBeInstanceOf(FileCut);
    expect(leftAtAbort).toEqual([0]);
    nothingStays();
  });

  it("an upload whose abort fails still throws the original error", async () => {
    s3.failures.set("AbortMultipartUpload", s3Error("InternalError", 500));
    await expect(upload(brokenOff(lines(50)))).rejects.toBeInstanceOf(FileCut);
  });

  it("an equal object counts as landed even if the abort of the upload fails", async () => {
    const file = lines(50);
    s3.objects.set(key, { body: file, crc32: crcOf(file), contentType: undefined });
    s3.failures.set("AbortMultipartUpload", s3Error("InternalError", 500));
    expect(await upload(pieces(file))).toMatchObject({ lines: 50 });
  });

  it("an upload of any size holds only a few parts in memory", async () => {
    let read = 0;
    let sent = 0;
    let most = 0;
    const counted = async function* (): AsyncGenerator<Buffer> {
      for await (const piece of pieces(lines(400))) {
        read += piece.length;
        most = Math.max(most, read - sent);
        yield piece;
      }
    };
    const { client } = s3;
    const counting = {
      send: async (command: { input: { Body?: Buffer } }) => {
        const answer: unknown = await client.send(command as never);
        sent += command.input.Body?.length ?? 0;
        return answer;
      },
    } as unknown as typeof client;
    await verifiedUpload(counting, landingBucket(counting, "bucket"), { putBytes: 256, partBytes: 256 })(
      counted(),
      options(),
    );
    expect(sent).toBe(read);
    expect(most).toBeLessThanOrEqual(5 * 256);
  });
});
