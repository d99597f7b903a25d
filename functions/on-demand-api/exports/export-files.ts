import type { ExportFile } from "#bulk-export/entry.ts";
import { notFound } from "#on-demand-api/language/api-problem.ts";
import type { ExportFileView } from "#on-demand-api/language/export-messages.ts";

/** A file as the caller sees it: by its number and its name instead of its key. */
export function fileViewOf({ index, kind, type, key, ...others }: ExportFile): ExportFileView {
  const { state, lines, bytes, checksum, reason } = others;
  return {
    number: index + 1,
    kind: kind === "outcome" ? "error" : kind,
    resourceType: type,
    // `exports/{exportId}/Patient/patients.ndjson`
    name: key.split("/").slice(2).join("/"),
    state,
    lines,
    bytes,
    checksum,
    reason,
  };
}

/** @throws ApiProblem (404) if it is no number of a file */
export function readNumber(number: string): number {
  if (/^[1-9]\d{0,5}$/.test(number)) return Number(number);
  throw notFound("The export has no file with this number");
}
