import { typeName } from "./line-grammar.ts";

/** The module that `assembly/take-lines.ts` compiles to, in base64. Bundling and the test runner put it here. */
declare const TAKE_LINES_WASM: string;

/* Node's types have WebAssembly without its classes. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

/** What the module exports. All addresses are in its memory. */
interface TakeLines {
  memory: { buffer: ArrayBuffer };
  nameAt: { value: number };
  typeAt: { value: number };
  bytesAt: { value: number };
  lines: { value: number };
  takeLines(from: number, nameLength: number, typeLength: number): number;
}

/** Whole lines that hold records of the type. */
export interface TakenLines {
  lines: number;
  bytes: number;
}

const wasm = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(TAKE_LINES_WASM, "base64")))
  .exports as TakeLines;
const memory = new Uint8Array(wasm.memory.buffer);
const bytesAt = wasm.bytesAt.value;

const quotedName = Buffer.from(`"${typeName}"`);
memory.set(quotedName, wasm.nameAt.value);

/** The module may read this many bytes after those of a window. The first one is a zero. */
const readAhead = 16;

/** The number of bytes that a window may have. */
export const windowBytes = memory.length - bytesAt - readAhead;

/** Whether the first pass knows this type when it sees it. It compares bytes, and has room for names like those of FHIR. */
export const isPlainType = (type: string): boolean => /^[A-Za-z]{1,100}$/.test(type);

/**
 * Opens a window of a stream for records of a type that is plain. Its pieces follow each other, and have at most `windowBytes`
 * together. The returned function takes lines from an offset on at which a line starts. It stops before the first line of which
 * it is not sure, or which ends after the window. All windows share one memory, so a window closes when the next one opens.
 */
export function openWindow(pieces: readonly Uint8Array[], type: string): (from: number) => TakenLines {
  const quotedType = Buffer.from(`"${type}"`);
  memory.set(quotedType, wasm.typeAt.value);
  let end = bytesAt;
  for (const piece of pieces) {
    memory.set(piece, end);
    end += piece.length;
  }
  memory.fill(0, end, end + readAhead);
  return (from) => {
    const start = bytesAt + from;
    return { bytes: wasm.takeLines(start, quotedName.length, quotedType.length) - start, lines: wasm.lines.value };
  };
}
