import { endianness } from "node:os";
import { action, transitions } from "./line-grammar.ts";

/*
 * The grammar's table for two bytes at a time, which is much faster than the table for one. It stays small, because bytes that
 * lead to the same states form one class: all digits except 0, for example, and all letters that are in no keyword.
 *
 * The tables are built at each start of the function, before the code is optimised. They are therefore filled by rows, and by
 * plain loops: callbacks and iterators took twice the time.
 */

const byteValues = 256;
const stateCount = transitions.length / byteValues;

/** The class of each byte. Bytes of a class lead to the same states. */
const classOf = new Uint8Array(byteValues);
/** One byte of each class. */
const examples: number[] = [];

const classes = new Map<string, number>();
const column = Buffer.alloc(stateCount);
for (let byte = 0; byte < byteValues; byte += 1) {
  for (let state = 0; state < stateCount; state += 1) column[state] = transitions[byteValues * state + byte] ?? 0;
  const columnText = column.toString("latin1");
  const byteClass = classes.get(columnText) ?? examples.push(byte) - 1;
  classes.set(columnText, byteClass);
  classOf[byte] = byteClass;
}
const classCount = examples.length;

/** The column of two bytes, by the 16-bit number that they form in this machine's memory. */
export const pairColumn = new Uint16Array(byteValues ** 2);

const firstIsLow = endianness() === "LE";
const columnsByHighClass: Uint16Array[] = [];
for (let highClass = 0; highClass < classCount; highClass += 1) {
  const columns = new Uint16Array(byteValues);
  for (let low = 0; low < byteValues; low += 1) {
    const lowClass = classOf[low] ?? 0;
    columns[low] = firstIsLow ? lowClass * classCount + highClass : highClass * classCount + lowClass;
  }
  columnsByHighClass.push(columns);
}
for (let high = 0; high < byteValues; high += 1) {
  pairColumn.set(columnsByHighClass[classOf[high] ?? 0] ?? [], byteValues * high);
}

/** A state's row in `pairTransitions` has `2 ** pairBits` columns. */
export const pairBits = Math.ceil(Math.log2(classCount ** 2));

/**
 * `pairTransitions[(state << pairBits) + column]` is the state after two bytes, or `action.fail` if one of the two
 * bytes leads to an action.
 */
export const pairTransitions = new Uint8Array(stateCount << pairBits).fill(action.fail);

/** For each state, the states after one byte of each class, or `action.fail`. */
const nextByClass: Uint8Array[] = [];
for (let state = 0; state < stateCount; state += 1) {
  const row = new Uint8Array(classCount);
  for (let byteClass = 0; byteClass < classCount; byteClass += 1) {
    const next = transitions[byteValues * state + (examples[byteClass] ?? 0)] ?? action.fail;
    row[byteClass] = Math.min(next, action.fail);
  }
  nextByClass.push(row);
}

for (let state = 0; state < stateCount; state += 1) {
  for (let firstClass = 0; firstClass < classCount; firstClass += 1) {
    const afterSecond = nextByClass[nextByClass[state]?.[firstClass] ?? action.fail];
    if (afterSecond !== undefined) pairTransitions.set(afterSecond, (state << pairBits) + firstClass * classCount);
  }
}
