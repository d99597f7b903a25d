/*
 * A CRC-32 is a polynomial over GF(2), modulo the one that ISO 3309 names. The highest of the 32 bits is the coefficient
 * of x^0, the lowest that of x^31.
 */

const modulus = 0xedb8_8320;
const one = 0x8000_0000;
/** x^8: what one more byte multiplies by. */
const byteStep = 0x0080_0000;

/**
 * The CRC-32 of two pieces that follow each other, from the CRC-32 of each and the length of the second one in bytes. It
 * takes less than a microsecond for each bit of the length, and no bytes are read again.
 *
 * Source: zlib, `crc32_combine`.
 */
export function combineCrc32(first: number, second: number, secondBytes: number): number {
  return (multiply(powerOfByteStep(secondBytes), first) ^ second) >>> 0;
}

function powerOfByteStep(exponent: number): number {
  let power = one;
  let square = byteStep;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = multiply(square, power);
    square = multiply(square, square);
  }
  return power;
}

function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = one; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ modulus;
  }
  return product;
}
