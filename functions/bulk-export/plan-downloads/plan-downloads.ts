import { jobOfAnotherRequest, retryOf } from "#bulk-export/language/awaited.ts";
import { ManifestRejected } from "#bulk-export/language/export-faults.ts";
import type { ExportJob } from "#bulk-export/language/export-job.ts";
import type { ExportPlan, PlannedFile } from "#bulk-export/language/export-plan.ts";
import type { ExportRequest } from "#bulk-export/language/export-request.ts";
import type { ExportContext, PlanInput, PlanResult } from "#bulk-export/language/export-state.ts";
import {
  addWarningCounts,
  type ExportWarning,
  type ExportWarningCode,
  exportWarningsOf,
} from "#bulk-export/language/export-warnings.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { NamedFile } from "#bulk-export/records/landing-keys.ts";
import type { ProgressReports } from "#bulk-export/records/progress-reports.ts";
import type { Receipts } from "#bulk-export/records/receipts.ts";
import type { ManifestPage } from "#bulk-export/server/job-status.ts";
import type { Manifest, ManifestWarnings } from "#bulk-export/server/manifest.ts";
import { warningCollector } from "#platform/http/reading/reading-warnings.ts";
import type { Step } from "#platform/lambda/step.ts";
import { elapsedOf, mismatchedJobPauseMs, nextTry } from "#platform/pacing/pacing.ts";
import { readAllPages, type WholeManifest } from "./manifest-pages.ts";
import { presentableTime } from "./presentable-time.ts";
import { renewPlan } from "./renew-plan.ts";
import { withoutDuplicates } from "./without-duplicates.ts";
import { divideIntoItems, type ItemLimits } from "./work-items.ts";

export interface PlanDownloadsPorts {
  parseManifest(bytes: Uint8Array, base: URL, warnings: ManifestWarnings): Manifest;
  answersAnotherRequest(manifestRequest: string, requested: ExportRequest): boolean;
  readManifestPage(url: URL, signal: AbortSignal): Promise<ManifestPage>;
  fileKeys(exportId: string, files: readonly NamedFile[]): string[];
  records: Pick<
    ExportRecords,
    "getJob" | "saveJob" | "getManifest" | "saveManifest" | "findPlan" | "savePlan" | "saveWorkList" | "landedObjects"
  >;
  receipts: Pick<Receipts, "readLanded">;
  reports: Pick<ProgressReports, "report" | "storeFiles">;
  itemLimits: ItemLimits;
  log: ExportLog;
  now: () => number;
}

/**
 * The number of consecutive jobs of other requests after which the export fails. While an export holds the lease, no
 * other export of the bridge kicks off, so this many are no coincidence: the server must print the manifest's `request`
 * in an unknown form.
 */
const mostMismatchedJobs = 10;

/**
 * Reads all pages of the manifest, and writes two records: the plan (which file lands under which key), and the work
 * list of the Distributed Map. The work list holds every file, or the missing files if the run resumes the export. Each of its
 * items holds several small files or one large file. If the job belongs to another request, it is marked as such and nothing is planned.
 * @throws ManifestRejected if the manifest is invalid, or if too many consecutive jobs belonged to other requests
 * @throws OriginRefused if the link to the next page leads away from the server
 * @throws ExportJobGone if the job is not the one with which the export began
 * @throws ServerUnavailable, AccessRefused, ClientKeyUnusable for a further page
 */
export const planDownloads =
  (ports: PlanDownloadsPorts): Step<PlanInput, PlanResult> =>
  async ({ export: context, kickOff, poll, plan: previous }, { signal }) => {
    const { exportId, request } = context;
    const job = await ports.records.getJob(exportId);
    const warnings = warningCollector<ExportWarningCode>();
    const base = new URL(job.manifestUrl ?? job.statusUrl);
    const first = ports.parseManifest(await ports.records.getManifest(exportId, 1), base, warnings);
    if (ports.answersAnotherRequest(first.request, request))
      return await markMismatchedJob(ports, context, job, (previous?.foreignJobs ?? 0) + 1);
    const manifest = await readAllPages(ports, context, { first, base, statusUrl: job.statusUrl, warnings }, signal);
    const files = withoutDuplicates(manifest.files, warnings);
    const plan = await buildPlan(ports, context, {
      ...manifest,
      files,
      warnings: exportWarningsOf(warnings, addWarningCounts(kickOff?.warnings, poll?.warnings)),
    });
    await ports.records.savePlan(plan);
    const missing = await listMissingFiles(ports, context, plan);
    const items = divideIntoItems(missing, ports.itemLimits);
    const workListKey = await ports.records.saveWorkList(
      exportId,
      items.map((indexes) => ({ exportId, run: context.run, files: indexes })),
    );
    await reportPlan(ports, context, plan);
    ports.log.info("EXPORT_DOWNLOADS_PLANNED", {
      files: files.length,
      missing: missing.length,
      items: items.length,
      warnings: plan.warnings,
    });
    return {
      outcome: "planned",
      ...nextTry(ports.now(), 0),
      foreignJobs: 0,
      files: missing.length,
      items: items.length,
      workListKey,
    };
  };

async function reportPlan({ reports, now }: PlanDownloadsPorts, context: ExportContext, { files }: ExportPlan) {
  const downloadingSince = new Date(now()).toISOString();
  const report = { waitsFor: null, nextPollAt: null, filesPlanned: files.length, downloadingSince };
  await reports.report(context, { phase: "downloading", ...report });
  const unfetchable = files.filter(({ url }) => url === null);
  await reports.storeFiles(context.exportId, { landed: [], missing: unfetchable.map(({ index }) => index) });
}

async function markMismatchedJob(
  { records, reports, log, now }: PlanDownloadsPorts,
  context: ExportContext,
  job: ExportJob,
  mismatchedJobs: number,
): Promise<PlanResult> {
  await records.saveJob({ ...job, foreign: true });
  if (mismatchedJobs >= mostMismatchedJobs) {
    throw new ManifestRejected(
      `the manifests of ${mismatchedJobs} consecutive jobs answer other requests than export ${context.exportId}: if the server prints the manifest's request in a form of its own, set integra.matchRequest to false; else find out who else uses the client id`,
    );
  }
  log.warn("EXPORT_JOB_MISMATCHED", { mismatchedJobs });
  const next = nextTry(now(), mismatchedJobPauseMs(elapsedOf(context, now())));
  const waitsFor = retryOf("The kick-off", jobOfAnotherRequest, next);
  await reports.report(context, { phase: "atServer", waitsFor, nextPollAt: null });
  return {
    outcome: "foreign",
    ...next,
    foreignJobs: mismatchedJobs,
    files: 0,
    workListKey: "",
  };
}

async function buildPlan(
  ports: PlanDownloadsPorts,
  { exportId, run }: ExportContext,
  { transactionTime, requiresAccessToken, files, warnings }: WholeManifest & { warnings: ExportWarning[] },
): Promise<ExportPlan> {
  const keys = ports.fileKeys(exportId, files);
  const plan: ExportPlan = {
    exportId,
    run,
    transactionTime: presentableTime(transactionTime),
    requiresAccessToken,
    manifestReadAt: new Date(ports.now()).toISOString(),
    files: files.map(({ kind, type, url, fault, count }, index) => ({
      index,
      kind,
      type,
      url,
      ...(fault !== undefined && { fault }),
      key: keys[index] as string,
      count: count ?? null,
    })),
    warnings,
  };
  const before = run === "first" ? undefined : await ports.records.findPlan(exportId);
  return before === undefined ? plan : renewPlan(before, plan);
}

/**
 * The files of the work list. Files that cannot be fetched are not on it. Before the first run, nothing can have landed, so the
 * bucket is not listed.
 */
async function listMissingFiles(
  ports: PlanDownloadsPorts,
  { run }: ExportContext,
  plan: ExportPlan,
): Promise<PlannedFile[]> {
  const landed = run === "first" ? new Set<number>() : await landedIndexes(ports, plan);
  return plan.files.filter(({ index, url }) => url !== null && !landed.has(index));
}

async function landedIndexes(
  { receipts, records }: PlanDownloadsPorts,
  { exportId, files }: ExportPlan,
): Promise<Set<number>> {
  const objects = await records.landedObjects(exportId);
  const landed = await receipts.readLanded(exportId);
  const whole = files.filter(({ index }) => {
    const receipt = landed.take(index);
    return receipt !== undefined && objects.get(receipt.key) === receipt.bytes;
  });
  return new Set(whole.map(({ index }) => index));
}
