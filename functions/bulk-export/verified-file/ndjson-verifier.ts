import type { IssueCounts } from "#bulk-export/language/landed-file.ts";
import { FileDamaged } from "#platform/faults/file-faults.ts";
import { OutcomeIssues } from "./outcome-issues.ts";
import { ReportLines } from "./report-lines.ts";
import { TwoPassLines } from "./two-pass-lines.ts";
import { Utf8Stream } from "./utf8-stream.ts";

/** The content of a verified file: `lines` records in `bytes` bytes. */
export interface Verdict {
  lines: number;
  bytes: number;
  /** The number of issues by severity, if the file holds OperationOutcomes. */
  issues: IssueCounts | undefined;
}

/** What a file must hold. */
export interface Expectation {
  type: string;
  /** The number of lines that the manifest announces; null if it announces none. */
  count: number | null;
  /** Whether the transport proves that the body is whole. If it does not, only the manifest's count can. */
  transportProven: boolean;
  /**
   * Whether the file is a report on the export (the manifest's lists `error` and `outcome`). Such a file lands whatever its lines
   * hold. A line that is no OperationOutcome counts as an issue of severity error.
   */
  isReport?: boolean;
}

/**
 * Checks a stream of NDJSON while it is read, in constant memory: each line must be a JSON object in UTF-8 and a
 * resource of the announced type. In a file of OperationOutcomes, it counts the issues. In a report on the export, it counts the
 * issues and does not check the lines. `finish` checks that the file is whole.
 *
 * Source: Bulk Data Access, "Bulk Data Output File Request"; NDJSON specification.
 */
export class NdjsonVerifier {
  readonly #expected: Expectation;
  readonly #lines: TwoPassLines | ReportLines;
  readonly #text: Utf8Stream | undefined;
  readonly #outcomes: OutcomeIssues | undefined;
  #bytes = 0;

  constructor(expected: Expectation) {
    this.#expected = expected;
    const { type, isReport = false } = expected;
    this.#lines = isReport ? new ReportLines() : new TwoPassLines(type);
    this.#text = isReport ? undefined : new Utf8Stream();
    this.#outcomes = isReport || type === "OperationOutcome" ? new OutcomeIssues() : undefined;
  }

  /**
   * Takes the next piece of the file.
   * @throws FileDamaged at the first line that is not a record
   */
  push(chunk: Buffer): void {
    this.#lines.push(chunk);
    const place = `between its bytes ${this.#bytes + 1} and ${this.#bytes + chunk.length}`;
    if (this.#text?.push(chunk) === false) throw new FileDamaged(`the file is not UTF-8 ${place}`);
    this.#outcomes?.push(chunk);
    this.#bytes += chunk.length;
  }

  /**
   * Ends the file. An empty file is whole if the transport or a count of 0 proves it.
   * More lines than the count are a misprint of the server's, if the transport proves that the file is whole.
   * @throws FileDamaged if the last record is unfinished, if lines are missing, or if nothing proves that the file is whole
   */
  finish(): Verdict {
    if (this.#lines instanceof TwoPassLines) this.#lines.end();
    this.#outcomes?.end();
    const { count, transportProven } = this.#expected;
    const { lines } = this.#lines;
    if (count !== null && (lines < count || (lines > count && !transportProven))) {
      throw new FileDamaged(`the file has ${lines} lines, but the manifest announced ${count}`);
    }
    if (!transportProven) this.#proveByCount(count);
    return { lines, bytes: this.#bytes, issues: this.#outcomes?.counts };
  }

  #proveByCount(count: number | null): void {
    if (count === null) {
      throw new FileDamaged(
        "nothing proves that the file is whole: it came without length, chunked encoding and gzip, and the manifest gives no count",
      );
    }
    // NDJSON ends each line with a newline. If the last one is missing, the connection may have ended just before it.
    if (!this.#lines.endsWithNewline)
      throw new FileDamaged("nothing proves that the last line of the file is whole: its newline is missing");
  }
}
