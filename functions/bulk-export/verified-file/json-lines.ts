import { FileDamaged } from "#platform/faults/file-faults.ts";
import { CutToken, type Word, word } from "./cut-token.ts";
import { action, states, transitions, typeName, wayBack } from "./line-grammar.ts";
import { pairBits, pairColumn, pairTransitions } from "./paired-bytes.ts";

/** FHIR resources nest some ten levels deep. What nests deeper than this, hardly any reader would take. */
const deepestNesting = 500;

/* V8 compiles a module's own constants into its code; imported ones it looks up each time, which here is at each byte. */
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
 * Checks that each line of a stream is a JSON object whose own `resourceType` is the announced one: exactly one such
 * member, wherever it stands and however it is written. The type of a resource that is contained in another one does
 * not count. Blank lines are skipped; the last line may lack its newline. Whether the bytes are UTF-8 is not looked at.
 * Memory is constant, however long the lines.
 *
 * Source: RFC 8259; NDJSON specification; FHIR R4, "JSON Representation of Resources".
 */
export class JsonLines {
  readonly #type: Word;
  readonly #token: CutToken;
  #state: number = states.lineStart;
  /** The states to go back to where the objects and arrays that are open will be closed. */
  readonly #open = new Uint8Array(deepestNesting);
  #depth = 0;
  #lines = 0;
  #typeSeen = false;
  /** Offsets in the stream: where this chunk and this line begin. */
  #chunkBegan = 0;
  #lineBegan = 0;

  constructor(type: string) {
    this.#type = word(type);
    this.#token = new CutToken(typeMember, this.#type);
  }

  /** Records so far, the last one included if it is whole. */
  get lines(): number {
    return this.#state === states.recordEnd ? this.#lines + 1 : this.#lines;
  }

  /** Whether the stream so far ends with a newline, or is empty. */
  get endsWithNewline(): boolean {
    return this.#state === states.lineStart;
  }

  /**
   * Takes the next piece of the stream.
   * @throws FileDamaged at the first byte that cannot stand there: it names the line, and never what the line says
   */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    // Numbers of two bytes can be read from even addresses only.
    const even = chunk.byteOffset % 2;
    const pairs = new Uint16Array(chunk.buffer, chunk.byteOffset + even, (chunk.length - even) >> 1);
    let state = this.#state;
    if (even > 0) state = this.#step(state, chunk, 0);
    state = this.#stepByPairs(state, chunk, even, pairs);
    if (even + 2 * pairs.length < chunk.length) state = this.#step(state, chunk, chunk.length - 1);
    this.#state = state;
    this.#token.cut(chunk);
    this.#chunkBegan += chunk.length;
  }

  /**
   * Ends the stream.
   * @throws FileDamaged where it ends inside a record
   */
  end(): void {
    const { lineStart, returned, recordEnd } = states;
    if (this.#state === lineStart || this.#state === returned || this.#state === recordEnd) return;
    throw new FileDamaged(`the file ends inside line ${this.#lines + 1}`);
  }

  /** Nothing but the loop is in here: what V8 has never seen run behind a loop makes it give its fast code up. */
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

  /** Does what the byte at `at` asks for, and answers the state after it. */
  #act(what: number, state: number, chunk: Buffer, at: number): number {
    switch (what) {
      case openObject:
        this.#keepWayBack(state);
        return states.objectOpened;
      case openArray:
        this.#keepWayBack(state);
        return states.arrayOpened;
      case close:
        this.#depth -= 1;
        return this.#open[this.#depth] ?? fail;
      case escapeInName:
        this.#token.begin(at, typeMember.bytes.subarray(0, state - states.name));
        return this.#step(states.escapedName, chunk, at);
      case endEscapedName:
        return this.#token.endsAs(typeMember, chunk, at, true) ? this.#nameType() : states.afterName;
      case endTypeName:
        return this.#nameType();
      case beginType:
        this.#token.begin(at + 1);
        return states.type;
      case endType:
      case endEscapedType:
        if (!this.#token.endsAs(this.#type, chunk, at, what === endEscapedType)) throw this.#otherType();
        return states.afterType;
      case otherType:
        throw this.#otherType();
      case endRecord:
        if (!this.#typeSeen) throw this.#otherType();
        this.#typeSeen = false;
        return states.recordEnd;
      case endLine:
        this.#lines += 1;
        this.#lineBegan = this.#chunkBegan + at + 1;
        return states.lineStart;
      case endBlankLine:
        this.#lineBegan = this.#chunkBegan + at + 1;
        return states.lineStart;
      default:
        throw this.#notJson(state, chunk, at);
    }
  }

  #nameType(): number {
    if (this.#typeSeen) throw new FileDamaged(`line ${this.#lines + 1} says its ${typeName} twice`);
    this.#typeSeen = true;
    return states.afterTypeName;
  }

  #keepWayBack(state: number): void {
    if (this.#depth === deepestNesting) {
      throw new FileDamaged(`line ${this.#lines + 1} nests deeper than ${deepestNesting} levels`);
    }
    this.#open[this.#depth] = wayBack[state] ?? fail;
    this.#depth += 1;
  }

  #otherType(): FileDamaged {
    return new FileDamaged(`line ${this.#lines + 1} holds no ${this.#type.text}, which the manifest announced`);
  }

  #notJson(state: number, chunk: Buffer, at: number): FileDamaged {
    const line = `line ${this.#lines + 1}`;
    const begins = [states.lineStart, states.returned, states.indented].some((start) => start === state);
    if (begins) return new FileDamaged(`${line} is no JSON object${chunk[at] === lessThan ? ", but markup" : ""}`);
    if (chunk[at] === newline) return new FileDamaged(`${line} ends inside its record`);
    return new FileDamaged(`${line} is not JSON, from its byte ${this.#chunkBegan + at - this.#lineBegan + 1} on`);
  }
}
