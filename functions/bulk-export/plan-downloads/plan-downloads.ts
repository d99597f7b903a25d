import { ManifestRejected } from "#bulk-export/language/export-faults.ts";
import type { ExportJob, ExportPlan } from "#bulk-export/language/export-records.ts";
import type { ExportRequest } from "#bulk-export/language/export-request.ts";
import type { DownloadPlan, ExportContext, PlanInput } from "#bulk-export/language/export-state.ts";
import type { NamedFile } from "#bulk-export/records/export-keys.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { Receipts } from "#bulk-export/records/receipts.ts";
import type { Manifest, ManifestFile } from "#bulk-export/server/manifest.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { Step } from "#platform/lambda/step.ts";
import { elapsedOf, foreignPauseMs, nextTry } from "#platform/pacing/pacing.ts";
import { renewedPlan } from "./renewed-plan.ts";

export interface PlanDownloadsPorts {
  parseManifest(bytes: Uint8Array, base: URL): Manifest;
  isForeignRequest(manifestRequest: string, ours: ExportRequest): boolean;
  readManifestPage(url: URL, signal: AbortSignal): Promise<Uint8Array>;
  fileKeys(exportId: string, files: readonly NamedFile[]): string[];
  records: Pick<
    ExportRecords,
    "getJob" | "saveJob" | "getManifest" | "saveManifest" | "findPlan" | "savePlan" | "saveWorkList" | "landedObjects"
  >;
  receipts: Pick<Receipts, "allLanded">;
  log: Log;
  now: () => number;
}

/**
 * Jobs of others in a row. More of them are no coincidence: each was kicked off by us, while nobody else of ours may, so
 * the server must print the manifest's `request` in a way of its own.
 */
const mostForeignJobs = 10;

/** A server that links pages without an end must not keep us reading for ever. */
const mostPages = 1_000;

/**
 * Reads the manifest, with all its pages, and writes the plan (which file lands where) and the work list of the
 * Distributed Map: every file, or, where the export is resumed, those that have not landed yet. A job that answers another
 * request is marked as foreign, and nothing of it is planned.
 * @throws ManifestRejected, also where job after job is another's; OriginRefused where a next page leads away from the server
 * @throws ExportJobGone where the job is not the one any more that the export was begun with
 * @throws ServerUnavailable, AccessRefused, ClientKeyUnusable, ExportJobGone, ExportJobFailed for a next page
 */
export const planDownloads =
  (ports: PlanDownloadsPorts): Step<PlanInput, DownloadPlan> =>
  async ({ export: context, plan: previous }, { signal }) => {
    const { exportId, request } = context;
    const job = await ports.records.getJob(exportId);
    const manifest = ports.parseManifest(await ports.records.getManifest(exportId, 1), new URL(job.statusUrl));
    if (ports.isForeignRequest(manifest.request, request))
      return await waitOut(ports, context, job, (previous?.foreignJobs ?? 0) + 1);
    const files = await allFiles(ports, context, manifest, signal);
    const plan = await planOf(ports, context, manifest, files);
    await ports.records.savePlan(plan);
    const missing = await missingOf(ports, context, plan);
    const workListKey = await ports.records.saveWorkList(exportId, missing);
    ports.log.info("downloads planned", { files: files.length, missing: missing.length });
    return { outcome: "planned", ...nextTry(ports.now(), 0), foreignJobs: 0, files: missing.length, workListKey };
  };

async function waitOut(
  { records, log, now }: PlanDownloadsPorts,
  context: ExportContext,
  job: ExportJob,
  foreignJobs: number,
): Promise<DownloadPlan> {
  await records.saveJob({ ...job, foreign: true });
  if (foreignJobs >= mostForeignJobs) {
    throw new ManifestRejected(
      `the manifests of ${foreignJobs} jobs in a row answer another request than ours: if the server prints the manifest's request in a way of its own, set integra.matchRequest to false; else find out who else uses the client`,
    );
  }
  log.warn("the server handed out the job of another request: it is waited out", { foreignJobs });
  return {
    outcome: "foreign",
    ...nextTry(now(), foreignPauseMs(elapsedOf(context, now()))),
    foreignJobs,
    files: 0,
    workListKey: "",
  };
}

async function planOf(
  ports: PlanDownloadsPorts,
  { exportId, run }: ExportContext,
  { transactionTime, requiresAccessToken }: Manifest,
  files: readonly ManifestFile[],
): Promise<ExportPlan> {
  const keys = ports.fileKeys(exportId, files);
  const plan: ExportPlan = {
    exportId,
    run,
    transactionTime,
    requiresAccessToken,
    manifestReadAt: new Date(ports.now()).toISOString(),
    files: files.map(({ kind, type, url, count }, index) => ({
      index,
      kind,
      type,
      url: url.href,
      key: keys[index] as string,
      count: count ?? null,
    })),
  };
  const before = run === "first" ? undefined : await ports.records.findPlan(exportId);
  return before === undefined ? plan : renewedPlan(before, plan);
}

/** The work list. A first run has landed nothing yet, and need not look. */
async function missingOf(ports: PlanDownloadsPorts, { exportId, run }: ExportContext, plan: ExportPlan) {
  const landed = run === "first" ? new Set<number>() : await landedIndexes(ports, plan);
  return plan.files.filter(({ index }) => !landed.has(index)).map(({ index }) => ({ exportId, run, index }));
}

async function landedIndexes(
  { receipts, records }: PlanDownloadsPorts,
  { exportId }: ExportPlan,
): Promise<Set<number>> {
  const objects = await records.landedObjects(exportId);
  const landed = await receipts.allLanded(exportId);
  return new Set(landed.filter(({ key, bytes }) => objects.get(key) === bytes).map(({ index }) => index));
}

async function allFiles(
  ports: PlanDownloadsPorts,
  { exportId, request }: Pick<ExportContext, "exportId" | "request">,
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
    if (ports.isForeignRequest(manifest.request, request)) {
      throw new ManifestRejected(`page ${page} of the manifest answers another request than the first`);
    }
    if (manifest.transactionTime !== first.transactionTime) {
      throw new ManifestRejected(`page ${page} of the manifest has another transactionTime than the first`);
    }
    files.push(...manifest.files);
    next = manifest.next;
  }
  return files;
}
