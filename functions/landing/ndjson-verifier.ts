import { crc32 } from "node:zlib";
import { FileDamaged } from "#contracts/file-faults.ts";
import type { IssueCounts, IssueSeverity } from "#contracts/landed.ts";

/** What the verifier saw: `lines` records in `bytes` bytes, and their CRC-32 as S3 writes it (base64, big-endian). */
export interface VerifiedFile {
  lines: number;
  bytes: number;
  crc32: string;
  /** For a file of OperationOutcomes: its issues by severity. */
  issues: IssueCounts | undefined;
}

export interface Expectation {
  type: string;
  /** Lines that the manifest announces. */
  count: number | null;
  /** Whether the transport proves that the body is whole. If not, only the manifest's count can. */
  transportProven: boolean;
}

const newline = 0x0a;
const carriageReturn = 0x0d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Longer lines than this are no FHIR resources (and would not fit into memory together). */
const longestLine = 64 * 1024 * 1024;

/**
 * Checks a stream of NDJSON while it passes, in constant memory: it counts bytes and lines, looks at both ends of each
 * line and for its resource type, parses the first and the last record (each record, in a file of OperationOutcomes) and
 * computes the CRC-32 of it all. `finish` says whether the file is whole.
 *
 * Source: Bulk Data Access, "Bulk Data Output File Request"; NDJSON specification.
 */
export class NdjsonVerifier {
  readonly #expected: Expectation;
  readonly #parseAll: boolean;
  readonly #typeAsWritten: Buffer;
  readonly #issues: IssueCounts = { fatal: 0, error: 0, warning: 0, information: 0 };
  #bytes = 0;
  #lines = 0;
  #crc = 0;
  /** The beginning of a record whose end has not arrived yet. */
  #rest: Buffer[] = [];
  #restLength = 0;
  #last: Buffer | undefined;

  constructor(expected: Expectation) {
    this.#expected = expected;
    this.#parseAll = expected.type === "OperationOutcome";
    this.#typeAsWritten = Buffer.from(`"resourceType":${JSON.stringify(expected.type)}`);
  }

  /**
   * Takes the next piece of the file.
   * @throws FileDamaged at the first line that cannot be a record
   */
  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    this.#crc = crc32(chunk, this.#crc);
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      this.#record(this.#complete(chunk.subarray(start, end)));
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /**
   * Ends the file.
   * @throws FileDamaged where the last record is unfinished, the count differs, or nothing proves that the file is whole
   */
  finish(): VerifiedFile {
    // A last line without its newline is legal NDJSON, if it is a whole record.
    if (this.#restLength > 0) this.#record(this.#complete(Buffer.alloc(0)));
    if (this.#last !== undefined && !this.#parseAll) this.#parse(this.#last);
    const { count, transportProven } = this.#expected;
    if (count !== null && count !== this.#lines) {
      throw new FileDamaged(`the file has ${this.#lines} lines, the manifest announced ${count}`);
    }
    if (count === null && !transportProven) {
      throw new FileDamaged(
        "nothing proves that the file is whole: no length, no chunks, no gzip, no count in the manifest",
      );
    }
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(this.#crc);
    return {
      lines: this.#lines,
      bytes: this.#bytes,
      crc32: crc.toString("base64"),
      issues: this.#parseAll ? this.#issues : undefined,
    };
  }

  #complete(tail: Buffer): Buffer {
    if (this.#restLength === 0) return tail;
    const line = Buffer.concat([...this.#rest, tail], this.#restLength + tail.length);
    this.#rest = [];
    this.#restLength = 0;
    return line;
  }

  #keep(piece: Buffer): void {
    this.#restLength += piece.length;
    if (this.#restLength > longestLine)
      throw new FileDamaged(`line ${this.#lines + 1} is longer than ${longestLine} bytes`);
    this.#rest.push(piece);
  }

  #record(line: Buffer): void {
    const end = line.at(-1) === carriageReturn ? line.length - 1 : line.length;
    if (end === 0) return;
    this.#lines += 1;
    if (line[0] !== openBrace || line[end - 1] !== closeBrace) {
      throw new FileDamaged(`line ${this.#lines} is not a JSON object`);
    }
    this.#last = line;
    // Parsing each line would cost more than all the rest: one that names its type, as servers write it, will do.
    if (this.#lines === 1 || this.#parseAll || !line.includes(this.#typeAsWritten)) this.#parse(line);
  }

  #parse(line: Buffer): void {
    const resource = parseRecord(line, this.#lines);
    const { type } = this.#expected;
    if (resource["resourceType"] !== type) {
      throw new FileDamaged(`line ${this.#lines} holds no ${type}, which the manifest announced`);
    }
    if (this.#parseAll) this.#countIssues(resource["issue"]);
  }

  #countIssues(issues: unknown): void {
    if (!Array.isArray(issues)) return;
    for (const issue of issues as ({ severity?: unknown } | null)[]) {
      const severity = String(issue?.severity);
      // An unknown severity is counted as an error: nothing that a server reports may be lost.
      this.#issues[Object.hasOwn(this.#issues, severity) ? (severity as IssueSeverity) : "error"] += 1;
    }
  }
}

function parseRecord(line: Buffer, number: number): Record<string, unknown> {
  try {
    return JSON.parse(line.toString("utf8")) as Record<string, unknown>;
  } catch {
    // The parser's message quotes the line, which is PHI.
    throw new FileDamaged(`line ${number} is not JSON`);
  }
}
