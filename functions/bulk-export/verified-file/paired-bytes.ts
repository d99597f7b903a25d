import { endianness } from "node:os";
import { action, transitions } from "./line-grammar.ts";

/*
 * The grammar's table for two bytes at a time, which is much faster than the table for one. It stays small, because bytes that
 * lead to the same states form one class: all digits except 0, for example, and all letters that are in no keyword.
 *
 * The tables are built at each start of the function, before the code is optimised. They are therefore filled by rows.
 */

const byteValues = 256;
const stateCount = transitions.length / byteValues;

/** For each byte a text of the states that it leads to, one character for each state before it. */
const columns = Array.from({ length: byteValues }, (_, byte) => {
  const column = Buffer.alloc(stateCount);
  for (let state = 0; state < stateCount; state += 1) column[state] = transitions[byteValues * state + byte] ?? 0;
  return column.toString("latin1");
});

/** Bytes with the same column form a class. */
const classes = new Map([...new Set(columns)].map((column, byteClass) => [column, byteClass]));
const classCount = classes.size;
const classOf = Uint8Array.from(columns, (column) => classes.get(column) ?? 0);
/** One byte of each class. */
const examples = Array.from(classes.values(), (byteClass) => classOf.indexOf(byteClass));

/** The column of two bytes, by the 16-bit number that they form in this machine's memory. */
export const pairColumn = new Uint16Array(byteValues ** 2);

const firstIsLow = endianness() === "LE";
const columnsByHighClass = examples.map((_, highClass) =>
  Uint16Array.from(classOf, (lowClass) =>
    firstIsLow ? lowClass * classCount + highClass : highClass * classCount + lowClass,
  ),
);
classOf.forEach((highClass, high) => {
  pairColumn.set(columnsByHighClass[highClass] ?? [], byteValues * high);
});

/** A state's row in `pairTransitions` has `2 ** pairBits` columns. */
export const pairBits = Math.ceil(Math.log2(classCount ** 2));

/**
 * `pairTransitions[(state << pairBits) + column]` is the state after two bytes, or `action.fail` if one of the two
 * bytes leads to an action.
 */
export const pairTransitions = new Uint8Array(stateCount << pairBits).fill(action.fail);

/** For each state, the states after one byte of each class, or `action.fail`. */
const nextByClass = Array.from({ length: stateCount }, (_, state) =>
  Uint8Array.from(examples, (byte) => Math.min(transitions[byteValues * state + byte] ?? action.fail, action.fail)),
);

for (const [state, afterFirst] of nextByClass.entries()) {
  for (const [firstClass, between] of afterFirst.entries()) {
    const afterSecond = nextByClass[between];
    if (afterSecond !== undefined) pairTransitions.set(afterSecond, (state << pairBits) + firstClass * classCount);
  }
}
