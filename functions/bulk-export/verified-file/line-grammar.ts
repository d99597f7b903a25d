/*
 * The grammar of NDJSON as a table of states: RFC 8259 for a line that holds one object. Some states mark where a
 * member of that object is named, and where the value of its resourceType is. It is a pushdown automaton. Inside of
 * objects and arrays, the table leads from byte to byte. When one opens, `JsonLines` keeps the state to return to when it
 * closes.
 */

/** Entries of the table that are not states but actions. Their numbers are higher than that of any state. */
export const action = {
  fail: 240,
  /** Enter an object or an array; leave it and return to the state that was kept. */
  openObject: 241,
  openArray: 242,
  close: 243,
  /** An escape in a member's name of the line's object. Up to here the name can still become the name of the type. */
  escapeInName: 244,
  /** The end of a name with such an escape, and the end of the type's name without an escape. */
  endEscapedName: 245,
  endTypeName: 246,
  /** The string that is the type begins; it ends; it ends and holds an escape. The type is not a string. */
  beginType: 247,
  endType: 248,
  endEscapedType: 249,
  otherType: 250,
  /** The line's object ends; the line ends; a blank line ends. */
  endRecord: 251,
  endLine: 252,
  endBlankLine: 253,
} as const;

/** A state or an action: the result of a byte. */
type Next = number;

/** Bytes: the characters of an ASCII text, or their codes. */
type Bytes = string | readonly number[];

const white = " \t\r";
const digit = "0123456789";
const hexDigit = `${digit}abcdefABCDEF`;
/** The bytes that a string may hold without an escape. Whether those from 0x80 on are UTF-8 is not checked here. */
const plain = Array.from({ length: 256 }, (_, byte) => byte).filter((b) => b >= 0x20 && b !== 0x22 && b !== 0x5c);

const rows: Uint8Array[] = [];
const afterValue: number[] = [];

function addState(): number {
  if (rows.length === action.fail) throw new RangeError("there are more states than numbers for them");
  return rows.push(new Uint8Array(256).fill(action.fail)) - 1;
}

/** Lets each of `bytes` lead from the state `from` to `next`. */
function addTransitions(from: number, bytes: Bytes, next: Next): void {
  const codes = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
  const row = rows[from];
  if (row === undefined) throw new RangeError(`there is no state ${from}`);
  for (const code of codes) row[code] = next;
}

/** Adds a string after its opening quote. Its closing quote leads to `end`, or to `endEscaped` if it holds an escape. */
function addString(end: Next, endEscaped = end): number {
  const unescaped = addState();
  const escaped = addState();
  const escape = addState();
  addTransitions(unescaped, plain, unescaped);
  addTransitions(unescaped, '"', end);
  addTransitions(escaped, plain, escaped);
  addTransitions(escaped, '"', endEscaped);
  for (const from of [unescaped, escaped]) addTransitions(from, "\\", escape);
  addTransitions(escape, '"\\/bfnrt', escaped);
  const [u, uX, uXX, uXXX] = [addState(), addState(), addState(), addState()] as const;
  addTransitions(escape, "u", u);
  addTransitions(u, hexDigit, uX);
  addTransitions(uX, hexDigit, uXX);
  addTransitions(uXX, hexDigit, uXXX);
  addTransitions(uXXX, hexDigit, escaped);
  return unescaped;
}

/** Adds the letters of `true`, `false` or `null`, from the first one on. */
function addKeyword(from: number, letters: string, after: number): void {
  const [first = "", ...rest] = letters;
  const next = rest.length === 0 ? after : addState();
  addTransitions(from, first, next);
  if (rest.length > 0) addKeyword(next, rest.join(""), after);
}

/** Adds a number from its first character on. It ends at a byte that may follow a value. */
function addNumber(from: number, addFollowers: (end: number) => void): void {
  const [minus, zero, integer, point, fraction] = [addState(), addState(), addState(), addState(), addState()] as const;
  const [exponent, sign, power] = [addState(), addState(), addState()] as const;
  addTransitions(from, "-", minus);
  for (const start of [from, minus]) {
    addTransitions(start, "0", zero);
    addTransitions(start, digit.slice(1), integer);
  }
  addTransitions(integer, digit, integer);
  for (const whole of [zero, integer]) addTransitions(whole, ".", point);
  for (const before of [point, fraction]) addTransitions(before, digit, fraction);
  for (const mantissa of [zero, integer, fraction]) addTransitions(mantissa, "eE", exponent);
  addTransitions(exponent, "+-", sign);
  for (const before of [exponent, sign, power]) addTransitions(before, digit, power);
  for (const end of [zero, integer, fraction, power]) addFollowers(end);
}

/** Lets a value begin at `from`, after optional white space. `after` is the state after the value. */
function addValue(from: number, after: number, addFollowers: (end: number) => void): void {
  afterValue[from] = after;
  addTransitions(from, white, from);
  addTransitions(from, '"', addString(after));
  addTransitions(from, "{", action.openObject);
  addTransitions(from, "[", action.openArray);
  for (const letters of ["true", "false", "null"]) addKeyword(from, letters, after);
  addNumber(from, addFollowers);
}

/** Adds an object after its opening brace. `addName` adds the states of a member's name, which lead to the state `colon`. */
function addObject({ addName, close }: { addName: (colon: number) => number; close: Next }) {
  const [opened, comma, colon, member, after] = [addState(), addState(), addState(), addState(), addState()] as const;
  const addFollowers = (end: number): void => {
    addTransitions(end, white, after);
    addTransitions(end, ",", comma);
    addTransitions(end, "}", close);
  };
  const name = addName(colon);
  for (const before of [opened, comma]) {
    addTransitions(before, white, before);
    addTransitions(before, '"', name);
  }
  addTransitions(opened, "}", close);
  addTransitions(colon, white, colon);
  addTransitions(colon, ":", member);
  addValue(member, after, addFollowers);
  addFollowers(after);
  return { opened, name, colon, after };
}

/** Adds an array after its opening bracket. */
function addArray(): number {
  const [opened, comma, after] = [addState(), addState(), addState()] as const;
  const addFollowers = (end: number): void => {
    addTransitions(end, white, after);
    addTransitions(end, ",", comma);
    addTransitions(end, "]", action.close);
  };
  for (const before of [opened, comma]) addValue(before, after, addFollowers);
  addTransitions(opened, "]", action.close);
  addFollowers(after);
  return opened;
}

/** The member that holds a resource's type (FHIR R4, "JSON Representation of Resources"). */
export const typeName = "resourceType";

/**
 * Adds a member's name of the line's object after its opening quote. While the name can still become `typeName`, each
 * of its letters has a state of its own.
 */
function addNameOrTypeName(colon: number): number {
  const otherName = addString(colon);
  const letters = Array.from(typeName, () => addState());
  const all = addState();
  letters.forEach((from, place) => {
    addTransitions(from, plain, otherName);
    addTransitions(from, typeName.slice(place, place + 1), letters[place + 1] ?? all);
    addTransitions(from, '"', colon);
    addTransitions(from, "\\", action.escapeInName);
  });
  addTransitions(all, plain, otherName);
  addTransitions(all, '"', action.endTypeName);
  addTransitions(all, "\\", action.escapeInName);
  return letters[0] ?? all;
}

/** Adds the colon and the value after the type's name. */
function addType(): number {
  const [colon, member] = [addState(), addState()] as const;
  addTransitions(colon, white, colon);
  addTransitions(colon, ":", member);
  addTransitions(member, white, member);
  addTransitions(member, '"', action.beginType);
  addTransitions(member, `{[tfn-${digit}`, action.otherType);
  return colon;
}

const lineStart = addState();
/** After a carriage return, which may make up a blank line; and after other white space, which may not. */
const [returned, indented] = [addState(), addState()] as const;
const record = addObject({ addName: addNameOrTypeName, close: action.endRecord });
const recordEnd = addState();
/** A byte order mark may stand in front of the first line (RFC 8259, 8.1): EF BB BF in UTF-8. */
const [fileStart, marked, marking] = [addState(), addState(), addState()] as const;
addTransitions(fileStart, [0xef], marked);
addTransitions(marked, [0xbb], marking);
addTransitions(marking, [0xbf], lineStart);
for (const before of [fileStart, lineStart, returned, indented]) {
  addTransitions(before, white, indented);
  addTransitions(before, "{", record.opened);
}
for (const before of [fileStart, lineStart]) addTransitions(before, "\r", returned);
for (const blank of [fileStart, lineStart, returned]) addTransitions(blank, "\n", action.endBlankLine);
addTransitions(recordEnd, white, recordEnd);
addTransitions(recordEnd, "\n", action.endLine);

/** The states that `JsonLines` refers to by name. */
export const states = {
  fileStart,
  lineStart,
  returned,
  indented,
  recordEnd,
  objectOpened: addObject({ addName: addString, close: action.close }).opened,
  arrayOpened: addArray(),
  name: record.name,
  escapedName: addString(action.endEscapedName),
  afterName: record.colon,
  afterTypeName: addType(),
  type: addString(action.endType, action.endEscapedType),
  afterType: record.after,
} as const;

/** `transitions[256 * state + byte]` is the next state, or an action. */
export const transitions = new Uint8Array(256 * rows.length);
for (const [state, row] of rows.entries()) transitions.set(row, 256 * state);

/** By a state that expects a value: the state after the object or array that is this value. */
export const stateAfterValue = Uint8Array.from(rows, (_, from) => afterValue[from] ?? action.fail);
