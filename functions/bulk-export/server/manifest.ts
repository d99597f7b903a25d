import * as z from "zod";
import { ManifestRejected } from "#bulk-export/language/export-faults.ts";
import type { FileKind } from "#bulk-export/language/export-records.ts";
import type { ExportRequest } from "#bulk-export/language/export-request.ts";

/** One file that the manifest lists. */
export interface ManifestFile {
  kind: FileKind;
  type: string;
  url: URL;
  /** The server's own name for the file, where the URL carries one. */
  fileName: string | undefined;
  /** Lines announced by the server. */
  count: number | undefined;
}

export interface Manifest {
  transactionTime: string;
  /** The kick-off that the server says it answers. */
  request: string;
  requiresAccessToken: boolean;
  files: ManifestFile[];
  /** The next page, where the server splits its manifest (`link` with relation `next`). */
  next: URL | undefined;
}

const entry = z.looseObject({
  type: z.string().optional(),
  url: z.string().min(1),
  // A count that is no number announces nothing; it is no reason to refuse the file.
  count: z.number().int().nonnegative().optional().catch(undefined),
});

const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);

/** Printed in events, and sent back as a later export's `_since`. */
const time = z
  .string()
  .trim()
  .regex(/^\d{4}[\dT:.+Z -]{4,40}$/i, "must be a FHIR instant");

const manifestBody = z.looseObject({
  transactionTime: time,
  request: z.string().default(""),
  requiresAccessToken: z.boolean().default(true),
  output: z.array(entry),
  error: list(entry),
  outcome: list(entry),
  deleted: list(entry),
  link: list(z.looseObject({ relation: z.string(), url: z.string() })),
});

/**
 * Reads a manifest as the guide really prints it: URLs may have white space in front or inside (even a raw line break,
 * which JSON forbids), and may be relative to the server.
 *
 * Source: guide, "Sample response body for Complete status"; Bulk Data Access, "Response - Output Manifest".
 * @param base the URL that the manifest was read from
 * @throws ManifestRejected naming the field that is wrong
 */
export function parseManifest(bytes: Uint8Array, base: URL): Manifest {
  const parsed = manifestBody.safeParse(parseJson(bytes));
  if (!parsed.success) {
    const faults = parsed.error.issues
      .slice(0, 5)
      .map((issue) => `${issue.path.join(".") || "the body"}: ${issue.message}`);
    throw new ManifestRejected(`the manifest cannot be used: ${faults.join("; ")}`);
  }
  const { transactionTime, request, requiresAccessToken, link, ...lists } = parsed.data;
  const files = (["output", "error", "outcome", "deleted"] as const).flatMap((kind) =>
    lists[kind].map((item, position) => manifestFile(kind, item, base, position)),
  );
  const next = link.find(({ relation }) => relation === "next");
  return {
    transactionTime,
    request: request.replace(/\s+/g, ""),
    requiresAccessToken,
    files,
    next: next && urlOf(next.url, base, "link.next"),
  };
}

/** Whether an answer's body is a manifest at all, so that a proxy's page with status 200 is not taken for one. */
export function isManifest(bytes: Uint8Array): boolean {
  try {
    return Array.isArray((parseJson(bytes) as { output?: unknown } | null)?.output);
  } catch {
    return false;
  }
}

/**
 * Whether the manifest's `request` names another export than ours, so that one cohort's data never lands under another's
 * name: by the guide's matching rule a kick-off may be handed a stored job of the same level (guide, "Content URL", note).
 * A `request` that cannot be read proves nothing and is not foreign.
 */
export function isForeignRequest(manifestRequest: string, ours: ExportRequest): boolean {
  const [path = "", query = ""] = manifestRequest.split("?", 2);
  const operation = /(?:^|\/)(?:(Patient)\/|Group\/([^/]+)\/)?(?:\$|%24)export\/?$/i.exec(path);
  if (operation === null) return false;
  const level = operation[1] !== undefined ? "patient" : operation[2] !== undefined ? "group" : "system";
  if (level !== ours.level) return true;
  const groupId = decoded(operation[2] ?? "");
  if (level === "group" && groupId !== undefined && groupId !== ours.groupId) return true;
  const parameters = new URLSearchParams(query.replaceAll("+", "%2B"));
  return !sameTypes(parameters.getAll("_type"), ours.types) || !sameInstant(parameters.get("_since"), ours.since);
}

function sameTypes(theirs: string[], ours: readonly string[] = []): boolean {
  return normalTypes(theirs) === normalTypes(ours);
}

function normalTypes(values: readonly string[]): string {
  return [...new Set(values.flatMap((value) => value.split(",")))].toSorted().join(",");
}

function sameInstant(theirs: string | null, ours: string | undefined): boolean {
  if (theirs === null || ours === undefined) return theirs === null && ours === undefined;
  if (theirs === ours || Number.isNaN(Date.parse(theirs))) return true;
  return Date.parse(theirs) === Date.parse(ours);
}

/** A group id as it was meant; undefined where its percent signs encode nothing that can be read. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function manifestFile(kind: FileKind, item: z.infer<typeof entry>, base: URL, position: number): ManifestFile {
  const url = urlOf(item.url, base, `${kind}.${position}.url`);
  const fallback = { output: undefined, error: "OperationOutcome", outcome: "OperationOutcome", deleted: "Bundle" }[
    kind
  ];
  const type = item.type?.trim() || fallback;
  if (type === undefined) throw new ManifestRejected(`the manifest cannot be used: ${kind}.${position} names no type`);
  return { kind, type: typeName(type), url, fileName: fileNameOf(url), count: item.count };
}

/** A type is printed in events and logs. What is no word is no type of FHIR's: such a file fails verification. */
const typeName = (type: string): string => (/^[A-Za-z]{1,64}$/.test(type) ? type : "Unknown");

function urlOf(text: string, base: URL, where: string): URL {
  const reference = text.replace(/\s+/g, "");
  const url = reference === "" ? null : URL.parse(reference, base.href);
  if (url === null) throw new ManifestRejected(`the manifest cannot be used: ${where} is not a URL`);
  return url;
}

function fileNameOf(url: URL): string | undefined {
  const named = url.searchParams.get("fileName");
  if (named !== null && named !== "") return named;
  const last = url.pathname.split("/").at(-1) ?? "";
  return /\.(nd)?json$/i.test(last) ? last : undefined;
}

function parseJson(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes).toString("utf8");
  try {
    // Outside of strings a line break is white space, inside of them it is forbidden: a blank serves for both.
    return JSON.parse(text.replace(/[\r\n\t]+/g, " "));
  } catch {
    // The parser's own error is dropped on purpose: it quotes the text, whose URLs may be capabilities.
    throw new ManifestRejected("the manifest is not JSON");
  }
}
