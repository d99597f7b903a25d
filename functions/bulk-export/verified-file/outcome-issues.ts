import type { IssueCounts, IssueSeverity } from "#bulk-export/language/export-records.ts";
import { FileDamaged } from "#platform/faults/file-faults.ts";

const newline = 0x0a;

/** An OperationOutcome is kept whole until it is counted; longer ones than this would not fit into memory together. */
const longestOutcome = 64 * 1024 * 1024;

/**
 * Counts the issues of a stream of OperationOutcomes by their severity. The lines must have been checked to be JSON
 * objects before. An issue of unknown severity is counted as an error: nothing that a server reports may be lost.
 */
export class OutcomeIssues {
  readonly counts: IssueCounts = { fatal: 0, error: 0, warning: 0, information: 0 };
  /** The beginning of a line whose end has not arrived yet. */
  #line: Buffer[] = [];
  #length = 0;

  /** @throws FileDamaged where a line is too long to be read */
  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      this.#keep(chunk.subarray(start, end));
      this.end();
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  /** Counts the last line, where no newline ended it. */
  end(): void {
    const line = Buffer.concat(this.#line, this.#length).toString("utf8").trim();
    this.#line = [];
    this.#length = 0;
    if (line === "") return;
    const { issue } = JSON.parse(line) as { issue?: unknown };
    if (Array.isArray(issue)) for (const one of issue as ({ severity?: unknown } | null)[]) this.#count(one?.severity);
  }

  #keep(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length > longestOutcome) throw new FileDamaged(`an outcome is longer than ${longestOutcome} bytes`);
    this.#line.push(piece);
  }

  #count(severity: unknown): void {
    const known = typeof severity === "string" && Object.hasOwn(this.counts, severity);
    this.counts[known ? (severity as IssueSeverity) : "error"] += 1;
  }
}
