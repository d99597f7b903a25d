import { FileDamaged } from "#platform/faults/file-faults.ts";
import { action, stateAfterValue, states, transitions, typeName } from "./line-grammar.ts";
import { pairBits, pairColumn, pairTransitions } from "./paired-bytes.ts";
import { type Word, WordMatcher, word } from "./word-matcher.ts";

/** FHIR resources nest about ten levels deep. Hardly any parser accepts more levels than this. */
const deepestNesting = 500;

/* V8 compiles a module's own constants into its code. It looks imported ones up at each use, which here is at each byte. */
const {
  fail,
  openObject,
  openArray,
  close,
  escapeInName,
  endEscapedName,
  endTypeName,
  beginType,
  endType,
  endEscapedType,
  otherType,
  endRecord,
  endLine,
  endBlankLine,
} = action;
const steps = transitions;
const pairSteps = pairTransitions;
const columns = pairColumn;
const bits = pairBits;

const typeMember = word(typeName);

const lessThan = 0x3c;
const newline = 0x0a;

/**
 * Checks that each line of a stream is a JSON object whose own `resourceType` is the announced one. The object must
 * have exactly one such member, anywhere and with any escapes. The types of contained resources do not count. Blank
 * lines and a byte order mark in front are skipped, and the last line may lack its newline. Whether the bytes are UTF-8 is not checked. Memory is
 * constant for lines of any length.
 *
 * Source: RFC 8259; NDJSON specification; FHIR R4, "JSON Representation of Resources".
 */
export class JsonLines {
  readonly #type: Word;
  readonly #matcher: WordMatcher;
  #state: number = states.fileStart;
  /** For each open object or array, the state to return to when it closes. */
  readonly #open = new Uint8Array(deepestNesting);
  #depth = 0;
  #lines = 0;
  #typeSeen = false;
  /** The offsets in the stream at which the current chunk and the current line start. */
  #chunkStart = 0;
  #lineStart = 0;

  constructor(type: string) {
    this.#type = word(type);
    this.#matcher = new WordMatcher(typeMember, this.#type);
  }

  /** The number of records so far, including the last one if it is whole. */
  get lines(): number {
    return this.#state === states.recordEnd ? this.#lines + 1 : this.#lines;
  }

  /** Whether the stream so far ends with a newline, or is empty. */
  get endsWithNewline(): boolean {
    return this.#state === states.lineStart || this.#state === states.fileStart;
  }

  /**
   * Takes the next piece of the stream.
   * @throws FileDamaged at the first byte that is not allowed. The fault names the line, and quotes nothing of it
   */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    // A Uint16Array must start at an even address.
    const even = chunk.byteOffset % 2;
    const pairs = new Uint16Array(chunk.buffer, chunk.byteOffset + even, (chunk.length - even) >> 1);
    let state = this.#state;
    if (even > 0) state = this.#step(state, chunk, 0);
    state = this.#stepByPairs(state, chunk, even, pairs);
    if (even + 2 * pairs.length < chunk.length) state = this.#step(state, chunk, chunk.length - 1);
    this.#state = state;
    this.#matcher.endChunk(chunk);
    this.#chunkStart += chunk.length;
  }

  /** Counts whole records that were verified elsewhere. The stream so far ends with a newline, or is empty. */
  skip({ lines, bytes }: { lines: number; bytes: number }): void {
    if (lines === 0) return;
    this.#lines += lines;
    this.#chunkStart += bytes;
    this.#lineStart = this.#chunkStart;
    this.#state = states.lineStart;
  }

  /**
   * Ends the stream.
   * @throws FileDamaged if it ends inside a record
   */
  end(): void {
    const { fileStart, lineStart, returned, recordEnd } = states;
    if ([fileStart, lineStart, returned, recordEnd].some((end) => end === this.#state)) return;
    throw new FileDamaged(`the file ends inside line ${this.#lines + 1}`);
  }

  /** This method holds only the loop. Code after the loop that has never run would make V8 discard its optimised code. */
  #stepByPairs(before: number, chunk: Buffer, from: number, pairs: Uint16Array): number {
    const count = pairs.length;
    let state = before;
    for (let n = 0; n < count; n += 1) {
      const next = pairSteps[(state << bits) + (columns[pairs[n] ?? 0] ?? 0)] ?? fail;
      if (next < fail) {
        state = next;
      } else {
        const at = from + 2 * n;
        state = this.#step(this.#step(state, chunk, at), chunk, at + 1);
      }
    }
    return state;
  }

  #step(state: number, chunk: Buffer, at: number): number {
    const next = steps[(state << 8) + (chunk[at] ?? 0)] ?? fail;
    return next < fail ? next : this.#act(next, state, chunk, at);
  }

  /** Carries out the action of the byte at `at`. Returns the state after it. */
  #act(what: number, state: number, chunk: Buffer, at: number): number {
    switch (what) {
      case openObject:
        this.#keepStateAfterValue(state);
        return states.objectOpened;
      case openArray:
        this.#keepStateAfterValue(state);
        return states.arrayOpened;
      case close:
        this.#depth -= 1;
        return this.#open[this.#depth] ?? fail;
      case escapeInName:
        this.#matcher.begin(at, typeMember.bytes.subarray(0, state - states.name));
        return this.#step(states.escapedName, chunk, at);
      case endEscapedName:
        return this.#matcher.endsAs(typeMember, chunk, at, true) ? this.#markTypeSeen() : states.afterName;
      case endTypeName:
        return this.#markTypeSeen();
      case beginType:
        this.#matcher.begin(at + 1);
        return states.type;
      case endType:
      case endEscapedType:
        if (!this.#matcher.endsAs(this.#type, chunk, at, what === endEscapedType)) throw this.#otherTypeFault();
        return states.afterType;
      case otherType:
        throw this.#otherTypeFault();
      case endRecord:
        if (!this.#typeSeen) throw this.#otherTypeFault();
        this.#typeSeen = false;
        return states.recordEnd;
      case endLine:
        this.#lines += 1;
        this.#lineStart = this.#chunkStart + at + 1;
        return states.lineStart;
      case endBlankLine:
        this.#lineStart = this.#chunkStart + at + 1;
        return states.lineStart;
      default:
        throw this.#notJsonFault(state, chunk, at);
    }
  }

  #markTypeSeen(): number {
    if (this.#typeSeen) throw new FileDamaged(`line ${this.#lines + 1} has two members named ${typeName}`);
    this.#typeSeen = true;
    return states.afterTypeName;
  }

  #keepStateAfterValue(state: number): void {
    if (this.#depth === deepestNesting) {
      throw new FileDamaged(`line ${this.#lines + 1} nests deeper than ${deepestNesting} levels`);
    }
    this.#open[this.#depth] = stateAfterValue[state] ?? fail;
    this.#depth += 1;
  }

  #otherTypeFault(): FileDamaged {
    return new FileDamaged(
      `line ${this.#lines + 1} does not hold a resource of type ${this.#type.text}, which the manifest announced`,
    );
  }

  #notJsonFault(state: number, chunk: Buffer, at: number): FileDamaged {
    const line = `line ${this.#lines + 1}`;
    const begins = [states.fileStart, states.lineStart, states.returned, states.indented].some(
      (start) => start === state,
    );
    if (begins) return new FileDamaged(`${line} is not a JSON object${chunk[at] === lessThan ? ", but markup" : ""}`);
    if (chunk[at] === newline) return new FileDamaged(`${line} ends inside its record`);
    return new FileDamaged(`${line} is not JSON from its byte ${this.#chunkStart + at - this.#lineStart + 1} on`);
  }
}
