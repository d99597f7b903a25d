import { crc32 } from "node:zlib";
import { expect, it } from "vitest";
import { crc32Text } from "#platform/bucket/crc32-text.ts";

it("a CRC-32 is written as S3 writes it", () => {
  expect(crc32Text(crc32(Buffer.from("123456789")))).toBe(Buffer.from("cbf43926", "hex").toString("base64"));
  expect(crc32Text(1)).toBe("AAAAAQ==");
});
