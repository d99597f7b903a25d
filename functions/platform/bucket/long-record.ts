import { StringDecoder } from "node:string_decoder";
import { crc32 } from "node:zlib";

/*
 * A JSON record with one list that may be long, such as the files of an export. It is one JSON object. The list is its last member, and
 * each entry has a line of its own:
 *
 *     {"exportId":"e1","files":[
 *     {"index":0},
 *     {"index":1}
 *     ]}
 *
 * So a reader that parses it as a whole needs to know nothing, and a reader with little memory takes it line by line.
 */

const chunkLength = 256 * 1024;

/** The text of a long list, entry by entry. It keeps bytes outside of V8's heap, and no objects. */
export class EntryLines {
  /** The number of entries. */
  length = 0;
  readonly #chunks: Buffer[] = [];
  #texts: string[] = [];
  #textLength = 0;

  static of(entries: Iterable<object>): EntryLines {
    const lines = new EntryLines();
    for (const entry of entries) lines.add(entry);
    return lines;
  }

  add(entry: object): void {
    const line = (this.length === 0 ? "\n" : ",\n") + JSON.stringify(entry);
    this.length += 1;
    this.#texts.push(line);
    this.#textLength += line.length;
    if (this.#textLength >= chunkLength) this.#endChunk();
  }

  /** The text so far. It is not copied: as one piece it would take the same memory again. */
  get chunks(): readonly Buffer[] {
    this.#endChunk();
    return this.#chunks;
  }

  #endChunk(): void {
    if (this.#texts.length === 0) return;
    this.#chunks.push(Buffer.from(this.#texts.join("")));
    this.#texts = [];
    this.#textLength = 0;
  }
}

/** A JSON record and its long list: the member of the name `list`, beside those of `head`. */
export interface LongRecord {
  head: object;
  list: string;
  entries: EntryLines;
}

/** The JSON text of a record, in pieces. */
export interface RecordText {
  pieces: readonly Buffer[];
  bytes: number;
  crc32: number;
}

export function textOfRecord({ head, list, entries }: LongRecord): RecordText {
  const members = JSON.stringify(head).slice(0, -1);
  const begin = `${members}${members === "{" ? "" : ","}${JSON.stringify(list)}:[`;
  const pieces = [Buffer.from(begin), ...entries.chunks, Buffer.from(endLine)];
  return {
    pieces,
    bytes: pieces.reduce((sum, { length }) => sum + length, 0),
    crc32: pieces.reduce((crc, piece) => crc32(piece, crc), 0),
  };
}

const endLine = "\n]}";

/** A long record while it is read. */
export interface OpenRecord {
  /** The record, with an empty list. */
  head: unknown;
  /** The entries of the list, in order. They can be read once. */
  entries: AsyncIterable<unknown>;
}

/**
 * Reads a long record. The head is there at once, and each entry is parsed when it is reached. A record that does not have an entry on
 * each line, as releases up to 0.2.0 wrote them, is parsed as a whole.
 * @param chunks its bytes
 * @throws SyntaxError if it is not JSON or has no such list. For an entry it is thrown when the entry is reached, and for a missing end after the last entry
 */
export async function openLongRecord(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  list: string,
): Promise<OpenRecord> {
  const lines = linesOf(chunks);
  const first = await lines.next();
  const begin = first.done === true ? "" : first.value;
  if (begin.endsWith(`${JSON.stringify(list)}:[`)) return { head: JSON.parse(`${begin}]}`), entries: entriesOf(lines) };
  const rest: string[] = [begin];
  for await (const line of lines) rest.push(line);
  const { [list]: entries, ...members } = JSON.parse(rest.join("\n")) as Record<string, unknown>;
  if (!Array.isArray(entries)) throw new SyntaxError(`the record has no list "${list}"`);
  return { head: { ...members, [list]: [] }, entries: eachOf(entries) };
}

async function* entriesOf(lines: AsyncIterable<string>): AsyncGenerator<unknown, void> {
  let ended = false;
  for await (const line of lines) {
    if (ended) throw new SyntaxError("the record goes on after its end");
    ended = line === endLine.trim();
    if (!ended) yield JSON.parse(line.endsWith(",") ? line.slice(0, -1) : line);
  }
  if (!ended) throw new SyntaxError("the record ends before its list does");
}

async function* eachOf(entries: readonly unknown[]): AsyncGenerator<unknown, void> {
  for (const entry of entries) yield await Promise.resolve(entry);
}

/** JSON escapes line feeds in texts, so each line feed ends a line. The last line is the text behind the last one. */
async function* linesOf(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new StringDecoder("utf8");
  // Pieces of a line are joined once: a record of an older release is one line of many megabytes.
  let begun: string[] = [];
  for await (const chunk of chunks) {
    const lines = decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)).split("\n");
    const rest = lines.pop() ?? "";
    for (const line of lines) {
      yield begun.join("") + line;
      begun = [];
    }
    begun.push(rest);
  }
  yield begun.join("") + decoder.end();
}
