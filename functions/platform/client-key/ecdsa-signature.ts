/** Bytes of each of the two numbers of a signature with P-384. */
const numberLength = 48;

/**
 * Turns an ECDSA signature by P-384 from DER, as KMS has it, into the form of JWS: r and s with 48 bytes each. DER drops the
 * leading zeros of a number and adds one if its first bit is set, so one signature in about 130 has a shorter number.
 *
 * Source: RFC 7518, 3.4; RFC 3279, 2.2.3 (Ecdsa-Sig-Value); X.690, 8.3 (INTEGER).
 * @throws Error if the bytes are not such a signature
 */
export function joseSignature(der: Uint8Array): Uint8Array {
  const [numbers, afterNumbers] = element(der, 0, 0x30);
  const [r, afterR] = element(numbers, 0, 0x02);
  const [s, afterS] = element(numbers, afterR, 0x02);
  if (afterNumbers !== der.length || afterS !== numbers.length) throw malformed("bytes follow the signature");
  return Buffer.concat([padded(r), padded(s)]);
}

/** The content of the element with this tag, and where the next one begins. All lengths here are below 128: one byte. */
function element(bytes: Uint8Array, at: number, tag: number): [content: Uint8Array, next: number] {
  const length = bytes[at + 1];
  if (bytes[at] !== tag || length === undefined || length >= 0x80) throw malformed(`no element ${tag} at ${at}`);
  const next = at + 2 + length;
  if (next > bytes.length) throw malformed("it is cut off");
  return [bytes.subarray(at + 2, next), next];
}

function padded(integer: Uint8Array): Uint8Array {
  const significant = integer.subarray(integer.findIndex((byte) => byte !== 0));
  if (integer.every((byte) => byte === 0) || (integer[0] ?? 0) >= 0x80 || significant.length > numberLength)
    throw malformed("a number is not between 1 and 2^384");
  return Buffer.concat([Buffer.alloc(numberLength - significant.length), significant]);
}

const malformed = (why: string): Error => new Error(`this is no signature by P-384 in DER: ${why}`);
