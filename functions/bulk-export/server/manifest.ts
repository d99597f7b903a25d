import { ManifestRejected } from "#bulk-export/language/export-faults.ts";
import type { ExportWarningCode } from "#bulk-export/language/export-warnings.ts";
import { type FileKind, fileKinds } from "#bulk-export/language/landed-file.ts";
import { resourceTypeOf } from "#bulk-export/language/resource-types.ts";
import { readJsonObject } from "#platform/http/reading/json.ts";
import { readBoolean, readCount } from "#platform/http/reading/lenient-values.ts";
import type { WarningCollector } from "#platform/http/reading/reading-warnings.ts";
import { readServerInstant } from "#platform/http/reading/server-instant.ts";
import { urlFromBody } from "#platform/http/reading/server-url.ts";

/** One file that the manifest lists. */
export interface ManifestFile {
  kind: FileKind;
  type: string;
  /** A text, because a URL object takes a kilobyte. Null if the entry cannot be fetched. `fault` says why, and quotes nothing of it. */
  url: string | null;
  fault?: string;
  /** The server's name for the file, if the URL holds one. */
  fileName: string | undefined;
  /** The number of lines that the server announces. */
  count: number | undefined;
}

export interface Manifest {
  /** As received; null if the manifest has none that is a text or a number. It may be anything, so `presentableTime` decides what is shown. */
  transactionTime: string | null;
  /** The kick-off URL that this manifest answers, as the server prints it. */
  request: string;
  requiresAccessToken: boolean;
  files: ManifestFile[];
  /** The next page, if the server splits its manifest (`link` with relation `next`). */
  next: URL | undefined;
}

/** Where warnings about a manifest go. */
export type ManifestWarnings = Pick<WarningCollector<ExportWarningCode>, "at">;

type Json = Record<string, unknown>;

/**
 * Parses a manifest as the guide prints it. Which files and pages there are is never guessed: a list that is none rejects the
 * manifest. One entry's fault is that entry's: it is listed with its fault. What stands beside is read as well as possible.
 *
 * Source: guide, "Sample response body for Complete status"; Bulk Data Access, "Response - Output Manifest".
 * @param base the URL that the manifest came from
 * @throws ManifestRejected, which names the invalid members
 */
export function parseManifest(bytes: Uint8Array, base: URL, warnings?: ManifestWarnings): Manifest {
  const json = readJsonObject(bytes);
  if (json === undefined) throw rejected("its body is not a JSON object");
  if (!isManifestObject(json)) throw rejected("its body has no member of a manifest");
  const time = json["transactionTime"];
  readServerInstant(time, warnings?.at("transactionTime"));
  return {
    transactionTime: typeof time === "string" || typeof time === "number" ? String(time).trim() : null,
    request: requestOf(json["request"], warnings),
    requiresAccessToken: readBoolean(json["requiresAccessToken"], warnings?.at("requiresAccessToken")) ?? true,
    files: fileKinds.flatMap((kind) =>
      entriesOf(json, kind).map((entry, index) => manifestFile(kind, entry, base, `${kind}.${index}`, warnings)),
    ),
    next: nextPage(json["link"], base),
  };
}

/** Whether a body is a manifest. A proxy may answer with status 200 and a page or JSON of its own. */
export function isManifest(bytes: Uint8Array): boolean {
  const json = readJsonObject(bytes);
  return json !== undefined && isManifestObject(json);
}

function isManifestObject(json: Json): boolean {
  if (json["resourceType"] === "OperationOutcome") return false;
  const members = ["transactionTime", "request", "output", "requiresAccessToken"];
  return members.some((member) => json[member] !== undefined && json[member] !== null);
}

function requestOf(request: unknown, warnings: ManifestWarnings | undefined): string {
  if (typeof request === "string") return request.replace(/\s+/g, "");
  if (request !== undefined && request !== null) warnings?.at("request")("REQUEST_UNREADABLE");
  return "";
}

function entriesOf(json: Json, kind: FileKind): unknown[] {
  const list = json[kind] ?? [];
  if (!Array.isArray(list)) throw rejected(`${kind} is not a list`);
  return list;
}

function manifestFile(
  kind: FileKind,
  entry: unknown,
  base: URL,
  place: string,
  warnings: ManifestWarnings | undefined,
): ManifestFile {
  const item = isObject(entry) ? entry : {};
  const type = typeOf(kind, item["type"], () => warnings?.at(`${place}.type`)("TYPE_UNREADABLE"));
  const count = readCount(item["count"], warnings?.at(`${place}.count`));
  const url = urlFromBody(item["url"], base);
  const fault = entryFault(entry, type, url);
  if (fault !== undefined || url === undefined)
    return {
      kind,
      type: type ?? "Unknown",
      url: null,
      fault: `its entry ${fault} (${place})`,
      fileName: undefined,
      count,
    };
  return { kind, type: type ?? "Unknown", url: url.href, fileName: fileNameOf(url), count };
}

function entryFault(entry: unknown, type: string | undefined, url: URL | undefined): string | undefined {
  if (!isObject(entry)) return "in the manifest is not an object";
  if (url === undefined) return "in the manifest has no URL that can be read";
  return type === undefined ? "in the manifest has no type" : undefined;
}

const typesOfLists = { output: undefined, error: "OperationOutcome", outcome: "OperationOutcome", deleted: "Bundle" };

/** A file's type: its own, or that of its list. It appears in events and logs, so only a plain word is kept. A file of type `Unknown` fails verification. */
function typeOf(kind: FileKind, type: unknown, warn: () => void): string | undefined {
  if (typeof type === "string" && type.trim() !== "") {
    const word = type.trim();
    return /^[A-Za-z]{1,64}$/.test(word) ? resourceTypeOf(word) : "Unknown";
  }
  if (type !== undefined && type !== null && kind !== "output") warn();
  return typesOfLists[kind];
}

/** The link to the next page. A link that cannot be understood may be that link, so the manifest is rejected. */
function nextPage(link: unknown, base: URL): URL | undefined {
  const links: unknown[] = [link ?? []].flat();
  const pages = links.flatMap((item, index) => {
    const relation = isObject(item) ? item["relation"] : undefined;
    if (!isObject(item) || typeof relation !== "string") throw rejected(`link.${index} has no relation`);
    if (relation.trim().toLowerCase() !== "next") return [];
    const page = urlFromBody(item["url"], base);
    if (page === undefined) throw rejected(`the url of link.${index}, the next page, is not a URL`);
    return [page];
  });
  if (new Set(pages.map(({ href }) => href)).size > 1) throw rejected("it links several next pages");
  return pages[0];
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** It quotes nothing of the manifest: some URLs in it grant access by themselves. */
const rejected = (what: string): ManifestRejected => new ManifestRejected(`the manifest cannot be used: ${what}`);

function fileNameOf(url: URL): string | undefined {
  const named = url.searchParams.get("fileName");
  if (named !== null && named !== "") return named;
  const last = url.pathname.split("/").at(-1) ?? "";
  return /\.(nd)?json$/i.test(last) ? last : undefined;
}
