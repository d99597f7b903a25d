import { ManifestRejected } from "#bulk-export/language/export-faults.ts";
import type { ExportContext } from "#bulk-export/language/export-state.ts";
import type { Manifest, ManifestWarnings } from "#bulk-export/server/manifest.ts";
import { readServerInstant } from "#platform/http/reading/server-instant.ts";
import type { PlanDownloadsPorts } from "./plan-downloads.ts";

/** All pages of a manifest as one. */
export type WholeManifest = Pick<Manifest, "transactionTime" | "requiresAccessToken" | "files">;

/** The first page, which the status request got. */
export interface FirstPage {
  first: Manifest;
  /** The URL that answered with it, after redirects. */
  base: URL;
  statusUrl: string;
  warnings: ManifestWarnings;
}

/** A limit for a server that links pages without end, each under another URL. */
const mostPages = 1_000;

/**
 * Reads the further pages of a manifest, and stores them. The pages are of one export only if none of them says otherwise.
 * @throws ManifestRejected if a page is invalid, is linked twice, or is of another request or time than the first one
 * @throws ServerUnavailable, AccessRefused, ClientKeyUnusable, OriginRefused
 */
export async function readAllPages(
  ports: PlanDownloadsPorts,
  { exportId, request }: Pick<ExportContext, "exportId" | "request">,
  { first, base, statusUrl, warnings }: FirstPage,
  signal: AbortSignal,
): Promise<WholeManifest> {
  const read = new Set([statusUrl, base.href].map(withoutFragment));
  const pages = [first];
  for (let next = first.next; next !== undefined; next = pages.at(-1)?.next) {
    const page = pages.length + 1;
    if (page > mostPages) throw new ManifestRejected(`the manifest has more than ${mostPages} pages`);
    if (read.has(withoutFragment(next.href)))
      throw new ManifestRejected(
        `page ${page - 1} of the manifest links a page that was read before, so its pages never end`,
      );
    read.add(withoutFragment(next.href));
    const { manifest: bytes, url } = await ports.readManifestPage(next, signal);
    await ports.records.saveManifest(exportId, page, bytes);
    const manifest = ports.parseManifest(bytes, url, { at: (place) => warnings.at(`page ${page}: ${place}`) });
    if (ports.answersAnotherRequest(manifest.request, request))
      throw new ManifestRejected(`page ${page} of the manifest answers another request than page 1`);
    if (!maySameTime(first.transactionTime, manifest.transactionTime))
      throw new ManifestRejected(`page ${page} of the manifest has another transactionTime than page 1`);
    pages.push(manifest);
  }
  return {
    transactionTime: first.transactionTime,
    requiresAccessToken: pages.some(({ requiresAccessToken }) => requiresAccessToken),
    files: pages.flatMap(({ files }) => files),
  };
}

const withoutFragment = (href: string): string => href.replace(/#.*$/s, "");

/** Whether two pages may be of one time: one of them does not say it, or they say the same, perhaps in two forms. */
function maySameTime(one: string | null, other: string | null): boolean {
  if (one === null || other === null || one === other) return true;
  const [first, second] = [readServerInstant(one), readServerInstant(other)];
  return first !== undefined && first.earliest === second?.earliest && first.latest === second.latest;
}
