import type { IssueCounts } from "#bulk-export/language/export-records.ts";
import { FileDamaged } from "#platform/faults/file-faults.ts";
import { JsonLines } from "./json-lines.ts";
import { OutcomeIssues } from "./outcome-issues.ts";
import { Utf8Stream } from "./utf8-stream.ts";

/** What the verifier saw: `lines` records in `bytes` bytes. */
export interface Verdict {
  lines: number;
  bytes: number;
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

/**
 * Checks a stream of NDJSON while it passes, in constant memory: every line is a JSON object in UTF-8 and a resource of
 * the announced type. In a file of OperationOutcomes the issues are counted. `finish` says whether the file is whole.
 *
 * Source: Bulk Data Access, "Bulk Data Output File Request"; NDJSON specification.
 */
export class NdjsonVerifier {
  readonly #expected: Expectation;
  readonly #lines: JsonLines;
  readonly #text = new Utf8Stream();
  readonly #outcomes: OutcomeIssues | undefined;
  #bytes = 0;

  constructor(expected: Expectation) {
    this.#expected = expected;
    this.#lines = new JsonLines(expected.type);
    this.#outcomes = expected.type === "OperationOutcome" ? new OutcomeIssues() : undefined;
  }

  /**
   * Takes the next piece of the file.
   * @throws FileDamaged at the first line that cannot be a record
   */
  push(chunk: Buffer): void {
    this.#lines.push(chunk);
    const place = `between its bytes ${this.#bytes + 1} and ${this.#bytes + chunk.length}`;
    if (!this.#text.push(chunk)) throw new FileDamaged(`the file is not UTF-8 ${place}`);
    this.#outcomes?.push(chunk);
    this.#bytes += chunk.length;
  }

  /**
   * Ends the file. An empty one is whole where the transport or a count of 0 proves it.
   * @throws FileDamaged where the last record is unfinished, the count differs, or nothing proves that the file is whole
   */
  finish(): Verdict {
    this.#lines.end();
    this.#outcomes?.end();
    const { count, transportProven } = this.#expected;
    const { lines } = this.#lines;
    if (count !== null && count !== lines) {
      throw new FileDamaged(`the file has ${lines} lines, the manifest announced ${count}`);
    }
    if (!transportProven) this.#proveByCount(count);
    return { lines, bytes: this.#bytes, issues: this.#outcomes?.counts };
  }

  #proveByCount(count: number | null): void {
    if (count === null) {
      throw new FileDamaged(
        "nothing proves that the file is whole: no length, no chunks, no gzip, no count in the manifest",
      );
    }
    // NDJSON ends each line with a newline: where the last one has none, the connection may have ended right before it.
    if (!this.#lines.endsWithNewline) throw new FileDamaged("nothing proves that the last line of the file is whole");
  }
}
