import { ForeignExportJob, ManifestRejected } from "#contracts/errors.ts";
import type { ExportRequest } from "#contracts/export-request.ts";
import type { DownloadPlan, PlanInput } from "#contracts/export-state.ts";
import type { Manifest, ManifestFile } from "#integra/manifest.ts";
import type { ExportRecords } from "#landing/export-records.ts";
import type { NamedFile } from "#landing/object-keys.ts";
import type { Log } from "#runtime/log.ts";
import type { Step } from "#runtime/step.ts";

export interface PlanDownloadsPorts {
  parseManifest(bytes: Uint8Array, base: URL): Manifest;
  isForeignRequest(manifestRequest: string, ours: ExportRequest): boolean;
  readManifestPage(url: URL, signal: AbortSignal): Promise<Uint8Array>;
  fileKeys(exportId: string, files: readonly NamedFile[]): string[];
  records: Pick<ExportRecords, "getJob" | "getManifest" | "saveManifest" | "savePlan" | "saveWorkList">;
  log: Log;
  now: () => number;
}

/** A server that links pages without an end must not keep us reading for ever. */
const mostPages = 1_000;

/**
 * Reads the manifest, with all its pages, and writes the plan (which file lands where) and the work list of the
 * Distributed Map.
 * @throws ManifestRejected, ForeignExportJob; OriginRefused where a next page leads away from the server
 * @throws ServerUnavailable, AccessRefused, ClientKeyUnusable, ExportJobGone, ExportJobFailed for a next page
 */
export const planDownloads =
  (ports: PlanDownloadsPorts): Step<PlanInput, DownloadPlan> =>
  async ({ export: { exportId, request } }, { signal }) => {
    const { records } = ports;
    const { statusUrl } = await records.getJob(exportId);
    const manifest = ports.parseManifest(await records.getManifest(exportId, 1), new URL(statusUrl));
    refuseForeign(ports, manifest, request);
    const files = await allFiles(ports, { exportId, request }, manifest, signal);
    const keys = ports.fileKeys(exportId, files);
    await records.savePlan({
      exportId,
      transactionTime: manifest.transactionTime,
      requiresAccessToken: manifest.requiresAccessToken,
      manifestReadAt: new Date(ports.now()).toISOString(),
      files: files.map(({ kind, type, url, count }, index) => ({
        index,
        kind,
        type,
        url: url.href,
        key: keys[index] as string,
        count: count ?? null,
      })),
    });
    const workListKey = await records.saveWorkList(
      exportId,
      files.map((_, index) => ({ exportId, index })),
    );
    ports.log.info("downloads planned", { files: files.length });
    return { files: files.length, workListKey };
  };

function refuseForeign(ports: PlanDownloadsPorts, manifest: Manifest, ours: ExportRequest): void {
  if (!ports.isForeignRequest(manifest.request, ours)) return;
  throw new ForeignExportJob(
    "the server handed out a job of another request; nothing of it was downloaded. Ask again when that job is done",
  );
}

async function allFiles(
  ports: PlanDownloadsPorts,
  { exportId, request }: { exportId: string; request: ExportRequest },
  first: Manifest,
  signal: AbortSignal,
): Promise<ManifestFile[]> {
  const files = [...first.files];
  let { next } = first;
  for (let page = 2; next !== undefined; page += 1) {
    if (page > mostPages) throw new ManifestRejected(`the manifest has more than ${mostPages} pages`);
    const bytes = await ports.readManifestPage(next, signal);
    await ports.records.saveManifest(exportId, page, bytes);
    const manifest = ports.parseManifest(bytes, next);
    refuseForeign(ports, manifest, request);
    if (manifest.transactionTime !== first.transactionTime) {
      throw new ManifestRejected(`page ${page} of the manifest has another transactionTime than the first`);
    }
    files.push(...manifest.files);
    next = manifest.next;
  }
  return files;
}
