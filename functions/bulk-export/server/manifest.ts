import * as z from "zod";
import { ManifestRejected } from "#bulk-export/language/export-faults.ts";
import type { FileKind } from "#bulk-export/language/landed-file.ts";

/** One file that the manifest lists. */
export interface ManifestFile {
  kind: FileKind;
  type: string;
  url: URL;
  /** The server's name for the file, if the URL holds one. */
  fileName: string | undefined;
  /** The number of lines that the server announces. */
  count: number | undefined;
}

export interface Manifest {
  transactionTime: string;
  /** The kick-off URL that this manifest answers, as the server prints it. */
  request: string;
  requiresAccessToken: boolean;
  files: ManifestFile[];
  /** The next page, if the server splits its manifest (`link` with relation `next`). */
  next: URL | undefined;
}

const entry = z.looseObject({
  type: z.string().optional(),
  url: z.string().min(1),
  // A malformed count counts as unsaid: the file can still be verified without it.
  count: z.number().int().nonnegative().optional().catch(undefined),
});

const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);

/** Checked for its form, because events show it and a later export sends it as `_since`. */
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
 * Parses a manifest as the guide prints it. A URL may be relative, and may have white space before or inside it, even a
 * raw line break, which JSON forbids.
 *
 * Source: guide, "Sample response body for Complete status"; Bulk Data Access, "Response - Output Manifest".
 * @param base the URL that the manifest was read from
 * @throws ManifestRejected, which names the invalid members
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

/** Whether a body looks like a manifest. A proxy may answer with status 200 and a page of its own. */
export function isManifest(bytes: Uint8Array): boolean {
  try {
    return Array.isArray((parseJson(bytes) as { output?: unknown } | null)?.output);
  } catch {
    return false;
  }
}

function manifestFile(kind: FileKind, item: z.infer<typeof entry>, base: URL, position: number): ManifestFile {
  const url = urlOf(item.url, base, `${kind}.${position}.url`);
  const fallback = { output: undefined, error: "OperationOutcome", outcome: "OperationOutcome", deleted: "Bundle" }[
    kind
  ];
  const type = item.type?.trim() || fallback;
  if (type === undefined) throw new ManifestRejected(`the manifest cannot be used: ${kind}.${position} has no type`);
  return { kind, type: typeName(type), url, fileName: fileNameOf(url), count: item.count };
}

/** A type appears in events and logs, so only a plain word is kept. A file of type `Unknown` fails verification. */
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
    // Outside of strings a line break is white space; inside of them JSON forbids it. A blank is right in both places.
    return JSON.parse(text.replace(/[\r\n\t]+/g, " "));
  } catch {
    // The parser's error is not kept as the cause: it quotes the text, and some URLs in it grant access by themselves.
    throw new ManifestRejected("the manifest is not JSON");
  }
}
