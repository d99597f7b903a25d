/*
 * The grammar of NDJSON as a table: RFC 8259 for a line that holds one object, and the places marked where a member of
 * that object is named and where its resourceType is said. It is a pushdown automaton: inside of objects and arrays the
 * table leads from byte to byte; where they open and close, `JsonLines` keeps the way back.
 */

/** Entries of the table that are no state but something to do. Higher than any state. */
export const action = {
  fail: 240,
  /** Step into an object or an array, and out of it to the state that was kept. */
  openObject: 241,
  openArray: 242,
  close: 243,
  /** An escape in the name of a member of the line's object, which up to there could become the name of the type. */
  escapeInName: 244,
  /** The end of such a name, and of the type's name where nothing is escaped. */
  endEscapedName: 245,
  endTypeName: 246,
  /** The text that the type has begins, and ends; "escaped" where it holds an escape. The type is no text. */
  beginType: 247,
  endType: 248,
  endEscapedType: 249,
  otherType: 250,
  /** The line's object ends; the line ends; a line without anything ends. */
  endRecord: 251,
  endLine: 252,
  endBlankLine: 253,
} as const;

/** A state or an action: what a byte leads to. */
type Next = number;

/** Bytes: the characters of a text in ASCII, or their codes. */
type Bytes = string | readonly number[];

const white = " \t\r";
const digit = "0123456789";
const hexDigit = `${digit}abcdefABCDEF`;
/** What stands in a text as it is. Whether the bytes from 0x80 on are UTF-8 is not looked at here. */
const plain = Array.from({ length: 256 }, (_, byte) => byte).filter((b) => b >= 0x20 && b !== 0x22 && b !== 0x5c);

const rows: Uint8Array[] = [];
const afterValue: number[] = [];

function state(): number {
  if (rows.length === action.fail) throw new RangeError("there are more states than numbers for them");
  return rows.push(new Uint8Array(256).fill(action.fail)) - 1;
}

function on(from: number, bytes: Bytes, next: Next): void {
  const codes = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
  for (const code of codes) rows[from]?.fill(next, code, code + 1);
}

/** A text after its opening quote. `end` and `endEscaped` are what its closing quote leads to. */
function text(end: Next, endEscaped = end): number {
  const unescaped = state();
  const escaped = state();
  const escape = state();
  on(unescaped, plain, unescaped);
  on(unescaped, '"', end);
  on(escaped, plain, escaped);
  on(escaped, '"', endEscaped);
  for (const from of [unescaped, escaped]) on(from, "\\", escape);
  on(escape, '"\\/bfnrt', escaped);
  const [u, uX, uXX, uXXX] = [state(), state(), state(), state()] as const;
  on(escape, "u", u);
  on(u, hexDigit, uX);
  on(uX, hexDigit, uXX);
  on(uXX, hexDigit, uXXX);
  on(uXXX, hexDigit, escaped);
  return unescaped;
}

/** The rest of `true`, `false` or `null`, from its first letter on. */
function word(from: number, letters: string, after: number): void {
  const [first = "", ...rest] = letters;
  const next = rest.length === 0 ? after : state();
  on(from, first, next);
  if (rest.length > 0) word(next, rest.join(""), after);
}

/** A number from its first character on; it ends where what may follow a value begins. */
function number(from: number, mayFollow: (end: number) => void): void {
  const [minus, zero, integer, point, fraction] = [state(), state(), state(), state(), state()] as const;
  const [exponent, sign, power] = [state(), state(), state()] as const;
  on(from, "-", minus);
  for (const start of [from, minus]) {
    on(start, "0", zero);
    on(start, digit.slice(1), integer);
  }
  on(integer, digit, integer);
  for (const whole of [zero, integer]) on(whole, ".", point);
  for (const before of [point, fraction]) on(before, digit, fraction);
  for (const mantissa of [zero, integer, fraction]) on(mantissa, "eE", exponent);
  on(exponent, "+-", sign);
  for (const before of [exponent, sign, power]) on(before, digit, power);
  for (const end of [zero, integer, fraction, power]) mayFollow(end);
}

/** Lets a value begin at `from`, which may come after white space. `after` is the state behind it. */
function value(from: number, after: number, mayFollow: (end: number) => void): void {
  afterValue[from] = after;
  on(from, white, from);
  on(from, '"', text(after));
  on(from, "{", action.openObject);
  on(from, "[", action.openArray);
  for (const letters of ["true", "false", "null"]) word(from, letters, after);
  number(from, mayFollow);
}

/** An object after its opening brace. `name` makes the states of a name, which lead to the state that expects a colon. */
function object({ name, close }: { name: (colon: number) => number; close: Next }) {
  const [opened, comma, colon, member, after] = [state(), state(), state(), state(), state()] as const;
  const mayFollow = (end: number): void => {
    on(end, white, after);
    on(end, ",", comma);
    on(end, "}", close);
  };
  const quote = name(colon);
  for (const before of [opened, comma]) {
    on(before, white, before);
    on(before, '"', quote);
  }
  on(opened, "}", close);
  on(colon, white, colon);
  on(colon, ":", member);
  value(member, after, mayFollow);
  mayFollow(after);
  return { opened, name: quote, colon, after };
}

/** An array after its opening bracket. */
function array(): number {
  const [opened, comma, after] = [state(), state(), state()] as const;
  const mayFollow = (end: number): void => {
    on(end, white, after);
    on(end, ",", comma);
    on(end, "]", action.close);
  };
  for (const before of [opened, comma]) value(before, after, mayFollow);
  on(opened, "]", action.close);
  mayFollow(after);
  return opened;
}

/** The member that says a resource's type (FHIR R4, "JSON Representation of Resources"). */
export const typeName = "resourceType";

/** The name of a member of the line's object after its quote: one state for each letter of `typeName` that it may be. */
function nameOrTypeName(colon: number): number {
  const otherName = text(colon);
  const letters = Array.from(typeName, () => state());
  const all = state();
  letters.forEach((from, place) => {
    on(from, plain, otherName);
    on(from, typeName.slice(place, place + 1), letters[place + 1] ?? all);
    on(from, '"', colon);
    on(from, "\\", action.escapeInName);
  });
  on(all, plain, otherName);
  on(all, '"', action.endTypeName);
  on(all, "\\", action.escapeInName);
  return letters[0] ?? all;
}

/** The type after its name. */
function type(): number {
  const [colon, member] = [state(), state()] as const;
  on(colon, white, colon);
  on(colon, ":", member);
  on(member, white, member);
  on(member, '"', action.beginType);
  on(member, `{[tfn-${digit}`, action.otherType);
  return colon;
}

const lineStart = state();
/** After a carriage return, which may be all of a blank line; and after other white space, which must not. */
const [returned, indented] = [state(), state()] as const;
const record = object({ name: nameOrTypeName, close: action.endRecord });
const recordEnd = state();
for (const before of [lineStart, returned, indented]) {
  on(before, white, indented);
  on(before, "{", record.opened);
}
on(lineStart, "\r", returned);
for (const blank of [lineStart, returned]) on(blank, "\n", action.endBlankLine);
on(recordEnd, white, recordEnd);
on(recordEnd, "\n", action.endLine);

/** The states that `JsonLines` must know by name. */
export const states = {
  lineStart,
  returned,
  indented,
  recordEnd,
  objectOpened: object({ name: text, close: action.close }).opened,
  arrayOpened: array(),
  name: record.name,
  escapedName: text(action.endEscapedName),
  afterName: record.colon,
  afterTypeName: type(),
  type: text(action.endType, action.endEscapedType),
  afterType: record.after,
} as const;

/** `transitions[256 * state + byte]` is the next state, or an action. */
export const transitions = Uint8Array.from(rows.flatMap((row) => [...row]));

/** Where a state that expects a value goes on, once the object or array that is this value is closed. */
export const wayBack = Uint8Array.from(rows, (_, from) => afterValue[from] ?? action.fail);
