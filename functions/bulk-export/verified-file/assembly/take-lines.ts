/*
 * AssemblyScript, compiled to WebAssembly. It takes lines of NDJSON of which it is sure, and leaves all others to `JsonLines`. So it
 * recognises records and no faults. It keeps nothing from one call to the next.
 *
 * A zero follows the bytes. No JSON contains one, so no function here needs to check whether the bytes have ended.
 */

/** Where the caller puts `"resourceType"`, the type and the bytes. The first two have their quotes. */
export const nameAt: usize = 16;
export const typeAt: usize = 32;
export const bytesAt: usize = 256;

const tab: u8 = 0x09;
const space: u8 = 0x20;
const quote: u8 = 0x22;
const comma: u8 = 0x2c;
const minus: u8 = 0x2d;
const point: u8 = 0x2e;
const zero: u8 = 0x30;
const nine: u8 = 0x39;
const colon: u8 = 0x3a;
const openArray: u8 = 0x5b;
const backslash: u8 = 0x5c;
const openObject: u8 = 0x7b;
const closeObject: u32 = 0x7d;
const newline: u8 = 0x0a;
const carriageReturn: u8 = 0x0d;

/** `true`, `null` and `alse` as numbers. The lowest byte is the first. */
const trueLetters: u32 = 0x65757274;
const nullLetters: u32 = 0x6c6c756e;
const alseLetters: u32 = 0x65736c61;

/** Objects and arrays that are open have one bit each. Deeper lines are left. */
const deepestNesting: i32 = 64;

/**
 * The result of a function that is not sure. The functions below return the address after what they name. The byte at address 0 is
 * a zero, so what goes on from there is not sure either.
 */
const unsure: usize = 0;

/** The number of lines that the last call of `takeLines` took. */
export let lines: i32 = 0;

/**
 * Takes lines from the address `from` on, up to the first one of which it is not sure.
 * @returns the address after the lines
 */
export function takeLines(from: usize, nameLength: usize, typeLength: usize): usize {
  lines = 0;
  let at = from;
  while (true) {
    const end = lineEnd(at, nameLength, typeLength);
    if (end === unsure) return at;
    at = end;
    lines += 1;
  }
}

/** A line with an object that has exactly one member `resourceType`, whose value is the type. */
function lineEnd(start: usize, nameLength: usize, typeLength: usize): usize {
  if (load<u8>(start) !== openObject) return unsure;
  let at = skipWhite(start + 1);
  let depth = 1;
  // The lowest bit is that of the innermost object or array.
  let arrays: u64 = 0;
  let hasType: bool = false;
  while (true) {
    let isType: bool = false;
    if ((arrays & 1) === 0) {
      if (load<u8>(at) !== quote) return unsure;
      let end = plainEnd(at + 1);
      if (depth === 1) {
        // A name of the record that has an escape may be that of the type, so it is left.
        if (load<u8>(end) !== quote) return unsure;
        isType = load<u64>(at) === load<u64>(nameAt) && equals(at, nameAt, nameLength);
        end += 1;
      } else {
        end = load<u8>(end) === quote ? end + 1 : restEnd(end);
      }
      at = skipWhite(end);
      if (load<u8>(at) !== colon) return unsure;
      at = skipWhite(at + 1);
    }
    const value = at;
    const first = load<u8>(at);
    if (first === quote) {
      at = plainEnd(at + 1);
      at = load<u8>(at) === quote ? at + 1 : restEnd(at);
    } else if (first === openObject || first === openArray) {
      at = skipWhite(at + 1);
      // The code of a closing bracket is that of its opening one plus 2.
      if (load<u8>(at) !== first + 2) {
        if (isType || depth === deepestNesting) return unsure;
        depth += 1;
        arrays = (arrays << 1) | u64(first === openArray);
        continue;
      }
      at += 1;
    } else {
      at = wordEnd(at);
    }
    if (isType) {
      if (hasType || !equals(value, typeAt, typeLength)) return unsure;
      hasType = true;
    }
    while (true) {
      at = skipWhite(at);
      const next = load<u8>(at);
      at += 1;
      if (next === comma) break;
      // The code of a bracket is that of a brace minus 32.
      if (u32(next) !== closeObject - (u32(arrays & 1) << 5)) return unsure;
      arrays >>= 1;
      depth -= 1;
      if (depth === 0) return hasType ? newlineEnd(at) : unsure;
    }
    at = skipWhite(at);
  }
}

/** Whether a string is this quoted text. */
function equals(from: usize, text: usize, length: usize): bool {
  return memory.compare(from, text, length) === 0;
}

function newlineEnd(from: usize): usize {
  const at = load<u8>(from) === carriageReturn ? from + 1 : from;
  return load<u8>(at) === newline ? at + 1 : unsure;
}

/** White space within a line. */
function skipWhite(from: usize): usize {
  // Most JSON has none, so one comparison usually suffices.
  if (load<u8>(from) > space) return from;
  let at = from;
  while (true) {
    const byte = load<u8>(at);
    if (byte !== space && byte !== tab && byte !== carriageReturn) break;
    at += 1;
  }
  return at;
}

/** The first byte that ends a run of plain characters in a string: a quote, a backslash or a control character. */
function plainEnd(from: usize): usize {
  let at = from;
  while (true) {
    const bytes = v128.load(at);
    // A quote with its second bit flipped is 0x20. Control characters stay below, and a space becomes a quote.
    const flipped = v128.xor(bytes, i8x16.splat(2));
    const ends = i8x16.bitmask(
      v128.or(i8x16.eq(bytes, i8x16.splat(backslash)), i8x16.le_u(flipped, i8x16.splat(0x20))),
    );
    if (ends !== 0) return at + ctz(ends);
    at += 16;
  }
}

/** A string from its first byte on that ends a plain run. Few strings have escapes, so the caller looks for the quote first. */
function restEnd(from: usize): usize {
  let at = from;
  while (load<u8>(at) === backslash) {
    at = plainEnd(escapeEnd(at + 1));
  }
  return load<u8>(at) === quote ? at + 1 : unsure;
}

function escapeEnd(at: usize): usize {
  switch (load<u8>(at)) {
    case 0x22: // "
    case 0x5c: // \
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 1;
    case 0x75: // u
      return isHex(at + 1) && isHex(at + 2) && isHex(at + 3) && isHex(at + 4) ? at + 5 : unsure;
    default:
      return unsure;
  }
}

function isHex(at: usize): bool {
  const byte = load<u8>(at);
  const letter = byte | 0x20;
  return isDigit(byte) || (letter >= 0x61 && letter <= 0x66);
}

/** A number, `true`, `false` or `null`. */
function wordEnd(at: usize): usize {
  const first = load<u8>(at);
  if (first === minus || isDigit(first)) return numberEnd(at);
  const letters = load<u32>(at);
  if (letters === trueLetters || letters === nullLetters) return at + 4;
  return first === 0x66 && load<u32>(at + 1) === alseLetters ? at + 5 : unsure;
}

function numberEnd(from: usize): usize {
  let at = load<u8>(from) === minus ? from + 1 : from;
  // A zero stands alone.
  at = load<u8>(at) === zero ? at + 1 : digitsEnd(at);
  if (load<u8>(at) === point) at = digitsEnd(at + 1);
  if ((load<u8>(at) | 0x20) !== 0x65) return at;
  at += 1;
  const sign = load<u8>(at);
  return digitsEnd(sign === minus || sign === 0x2b ? at + 1 : at);
}

/** One digit or more. */
function digitsEnd(from: usize): usize {
  let at = from;
  while (isDigit(load<u8>(at))) at += 1;
  return at > from ? at : unsure;
}

function isDigit(byte: u8): bool {
  return byte >= zero && byte <= nine;
}
