import { endianness } from "node:os";
import { action, transitions } from "./line-grammar.ts";

/*
 * The grammar's table for two bytes at a time, which is much faster than the table for one. It stays small, because bytes that
 * lead to the same states form one class: all digits except 0, for example, and all letters that are in no keyword.
 */

const byteValues = 256;
const stateCount = transitions.length / byteValues;

const step = (state: number, byte: number): number => transitions[byteValues * state + byte] ?? action.fail;

const classOf = new Uint8Array(byteValues);
/** One byte of each class. */
const examples: number[] = [];

const classes = new Map<string, number>();
for (let byte = 0; byte < byteValues; byte += 1) {
  const column = Array.from({ length: stateCount }, (_, state) => step(state, byte)).join();
  const byteClass = classes.get(column) ?? examples.push(byte) - 1;
  classes.set(column, byteClass);
  classOf[byte] = byteClass;
}

const columnOf = (firstClass: number, secondClass: number): number => firstClass * examples.length + secondClass;

/** The column of two bytes, by the 16-bit number that they form in this machine's memory. */
export const pairColumn = new Uint16Array(byteValues ** 2);

const [firstWeight, secondWeight] = endianness() === "LE" ? [1, byteValues] : [byteValues, 1];
for (let first = 0; first < byteValues; first += 1) {
  for (let second = 0; second < byteValues; second += 1) {
    const column = columnOf(classOf[first] ?? 0, classOf[second] ?? 0);
    pairColumn[firstWeight * first + secondWeight * second] = column;
  }
}

/** A state's row in `pairTransitions` has `2 ** pairBits` columns. */
export const pairBits = Math.ceil(Math.log2(examples.length ** 2));

/**
 * `pairTransitions[(state << pairBits) + column]` is the state after two bytes, or `action.fail` if one of the two
 * bytes leads to an action.
 */
export const pairTransitions = new Uint8Array(stateCount << pairBits).fill(action.fail);

for (let state = 0; state < stateCount; state += 1) {
  for (const [firstClass, first] of examples.entries()) {
    const between = step(state, first);
    if (between >= action.fail) continue;
    for (const [secondClass, second] of examples.entries()) {
      const next = step(between, second);
      if (next < action.fail) pairTransitions[(state << pairBits) + columnOf(firstClass, secondClass)] = next;
    }
  }
}
