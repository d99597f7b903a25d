import type { ExportRequest } from "#bulk-export/language/export-request.ts";

/**
 * Whether a manifest answers another request than `requested`. The server may hand out a stored job of the same level (guide,
 * "Content URL", note on the matching criteria), so this check keeps the data of one cohort from landing under the name of another. A
 * `request` that cannot be parsed proves nothing, and counts as the same request.
 * @param manifestRequest the manifest's `request`: the kick-off URL as the server prints it
 */
export function answersAnotherRequest(manifestRequest: string, requested: ExportRequest): boolean {
  const [path = "", query = ""] = manifestRequest.split("?", 2);
  const operation = /(?:^|\/)(?:(Patient)\/|Group\/([^/]+)\/)?(?:\$|%24)export\/?$/i.exec(path);
  if (operation === null) return false;
  const level = operation[1] !== undefined ? "patient" : operation[2] !== undefined ? "group" : "system";
  if (level !== requested.level) return true;
  const groupId = decoded(operation[2] ?? "");
  if (level === "group" && groupId !== undefined && groupId !== requested.groupId) return true;
  const parameters = new URLSearchParams(query.replaceAll("+", "%2B"));
  return (
    !sameTypes(parameters.getAll("_type"), requested.types) || !sameInstant(parameters.get("_since"), requested.since)
  );
}

function sameTypes(answered: string[], requested: readonly string[] = []): boolean {
  return normalTypes(answered) === normalTypes(requested);
}

function normalTypes(values: readonly string[]): string {
  return [...new Set(values.flatMap((value) => value.split(",")))].toSorted().join(",");
}

function sameInstant(answered: string | null, requested: string | undefined): boolean {
  if (answered === null || requested === undefined) return answered === null && requested === undefined;
  if (answered === requested || Number.isNaN(Date.parse(answered))) return true;
  return Date.parse(answered) === Date.parse(requested);
}

/** A group id without its percent-encoding; undefined if the encoding is malformed. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
