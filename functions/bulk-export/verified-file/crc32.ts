/*
 * CRC-32 as a remainder of polynomials over GF(2), bits reversed as zlib has them: the highest bit of a number is the
 * coefficient of 1, the next one that of x. After zlib's crc32.c (Mark Adler).
 */

const polynomial = 0xedb88320;
const one = 0x80000000;
const x = 0x40000000;

/** a · b modulo the polynomial. */
function product(a: number, b: number): number {
  let sum = 0;
  let shifted = b;
  for (let rest = a; rest !== 0; rest <<= 1) {
    if ((rest & one) !== 0) sum ^= shifted;
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ polynomial;
  }
  return sum >>> 0;
}

/** x to the power of 8 · `bytes`, modulo the polynomial: what so many zero bytes behind a text multiply its CRC by. */
function shiftBy(bytes: number): number {
  let power = one;
  let square = x;
  for (let exponent = 8 * bytes; exponent > 0; exponent = Math.floor(exponent / 2)) {
    if (exponent % 2 === 1) power = product(power, square);
    square = product(square, square);
  }
  return power;
}

/** The CRC-32 of two texts one after the other, from theirs: `secondBytes` is the length of the second one. */
export function joinedCrc32(first: number, second: number, secondBytes: number): number {
  return (product(shiftBy(secondBytes), first) ^ second) >>> 0;
}

/** A CRC-32 as S3 writes it: base64 of its four bytes, the highest first. */
export function crc32Text(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString("base64");
}
