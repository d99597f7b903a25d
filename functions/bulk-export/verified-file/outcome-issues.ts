import type { IssueCounts, IssueSeverity } from "#bulk-export/language/landed-file.ts";
import { FileDamaged } from "#platform/faults/file-faults.ts";

const newline = 0x0a;

/** In bytes. An OperationOutcome is kept in memory until its issues are counted, so its length needs a limit. */
const longestOutcome = 64 * 1024 * 1024;

/**
 * Counts the issues in a stream of OperationOutcomes by severity. Its lines must be JSON objects; `JsonLines` checks
 * that first. An issue of unknown severity counts as an error, so that no report of the server is lost.
 */
export class OutcomeIssues {
  readonly counts: IssueCounts = { fatal: 0, error: 0, warning: 0, information: 0 };
  /** The pieces of a line whose end has not arrived yet. */
  #line: Buffer[] = [];
  #length = 0;

  /** @throws FileDamaged if a line is longer than 64 MiB */
  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      this.#keep(chunk.subarray(start, end));
      this.end();
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  /** Counts the issues of the last line, if it has no newline. */
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
    if (this.#length > longestOutcome)
      throw new FileDamaged(`an OperationOutcome is longer than ${longestOutcome} bytes`);
    this.#line.push(piece);
  }

  #count(severity: unknown): void {
    const known = typeof severity === "string" && Object.hasOwn(this.counts, severity);
    this.counts[known ? (severity as IssueSeverity) : "error"] += 1;
  }
}
