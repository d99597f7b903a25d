import type { ExportFile } from "#bulk-export/entry.ts";
import { ApiProblem, notFound } from "#on-demand-api/language/api-problem.ts";
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

/**
 * Reads the parameter `after` of a query: the number of the file behind which the page begins; 0 if it is absent.
 * @throws ApiProblem (400) if it is no number
 */
export function readAfter(queryString: string): number {
  const after = new URLSearchParams(queryString).get("after") ?? "0";
  if (/^\d{1,6}$/.test(after)) return Number(after);
  const detail = "after must be the number of a file. Follow the link `next` of the page before.";
  throw new ApiProblem("The page is invalid", { status: 400, issue: "invalid", detail });
}

/** @throws ApiProblem (404) if it is no number of a file */
export function readNumber(number: string): number {
  if (/^[1-9]\d{0,5}$/.test(number)) return Number(number);
  throw notFound("The export has no file with this number");
}
