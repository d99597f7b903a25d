import { createPublicKey, type KeyObject, verify } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joseSignature } from "#platform/client-key/ecdsa-signature.ts";

/** Real signatures whose r or s has 47 bytes, by a key that was made for this test. */
const publicKey = createPublicKey({
  key: {
    kty: "EC",
    crv: "P-384",
    x: "lkjW6Q6kPCp1SjQ6UhgRNglTrbfc4XgYLHnHeFjnWsP9Z2XnzwU4NsWwRg6rz_M5",
    y: "XTNDk1deVH8q7X_4gvDNJEsbWkp99Z6lwwWLkxl_Te4XDXfnsQ0BdvrdqG7jExPu",
  },
  format: "jwk",
});
const vectors = [
  {
    name: "a short r",
    message: "message 641",
    der: "3063022f1f57b0cef188a56ca3587174cec1bfb316f5065cb63b1f3b11e459cf13d32f69744f748523563aa5f0ac198529bd7602303ad82c898b4d3e522f4b48d0cf03285c0347d942aec8e007129e52cab07d270812e81d7856188c36128180b67ecf22e0",
  },
  {
    name: "a short s, and an r whose first bit is set",
    message: "message 104",
    der: "3064023100e957d94f258324ffd7423ada3db5488edcdf5c05a816733a347857c4e58c9da195287d645da939c721f75e4d217b37dd022f758466bdb0ed2da4e5d5e70509f0ce654ab2c6bd041afacce402d9d5566b5379ad10e378328a9bf53ffbf62a68bd53",
  },
];

const verifies = (message: string, signature: Uint8Array, key: KeyObject): boolean =>
  verify("sha384", Buffer.from(message), { key, dsaEncoding: "ieee-p1363" }, signature);

/** An integer as DER writes it: as few bytes as possible, and a zero in front if the first bit is set. */
function derInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  const content = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
  return Buffer.concat([Buffer.from([0x02, content.length]), content]);
}

function derSignature(r: bigint, s: bigint): Buffer {
  const numbers = Buffer.concat([derInteger(r), derInteger(s)]);
  return Buffer.concat([Buffer.from([0x30, numbers.length]), numbers]);
}

const padded = (value: bigint): string => value.toString(16).padStart(96, "0");

/** Numbers of every length: without `min`, nearly all would have 48 bytes. */
const number = fc
  .integer({ min: 1, max: 384 })
  .chain((bits) => fc.bigInt({ min: 1n << BigInt(bits - 1), max: (1n << BigInt(bits)) - 1n }));

describe("a signature by P-384 in the form of JWS", () => {
  it.each(vectors)("a real signature with $name verifies, and has 96 bytes", ({ message, der }) => {
    const signature = joseSignature(Buffer.from(der, "hex"));
    expect(signature).toHaveLength(96);
    expect(verifies(message, signature, publicKey)).toBe(true);
  });

  it("r and s of any length are the two halves, padded with zeros in front", () => {
    fc.assert(
      fc.property(number, number, (r, s) => {
        expect(Buffer.from(joseSignature(derSignature(r, s))).toString("hex")).toBe(padded(r) + padded(s));
      }),
    );
  });

  it("bytes that are no such signature are refused, and never padded into one", () => {
    const whole = derSignature(5n, 1n << 383n);
    const refused = [
      Buffer.alloc(0),
      Buffer.from([0x30, 0x00]),
      whole.subarray(0, -1),
      Buffer.concat([whole, Buffer.alloc(1)]),
      derSignature(0n, 1n),
      derSignature(1n, 1n << 384n),
      Buffer.from("300602018002010a", "hex"),
    ];
    for (const der of refused) expect(() => joseSignature(der)).toThrow("no signature by P-384");
  });
});
