import type { IssueCounts, IssueSeverity } from "#bulk-export/language/landed-file.ts";
import { FileDamaged } from "#platform/faults/file-faults.ts";
import { readJsonObject } from "#platform/http/reading/json.ts";

const newline = 0x0a;

/** In bytes. An OperationOutcome is kept in memory until its issues are counted, so its length needs a limit. */
const longestOutcome = 64 * 1024 * 1024;

/**
 * Counts the issues in a stream of OperationOutcomes by severity. What is not surely harmless counts as an error, so that no report
 * of the server is lost: an issue of unknown severity, an OperationOutcome without issues, a line that is none.
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
    const line = Buffer.concat(this.#line, this.#length);
    this.#line = [];
    this.#length = 0;
    if (line.toString("utf8").trim() === "") return;
    const { resourceType, issue } = readJsonObject(line) ?? {};
    const issues = (Array.isArray(issue) ? issue : [issue]) as unknown[];
    if (resourceType !== "OperationOutcome" || issues.length === 0) this.#count(undefined);
    else for (const one of issues) this.#count((one as { severity?: unknown } | null | undefined)?.severity);
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
