import { exportEventHead } from "#bulk-export/language/event-head.ts";
import type { ExportEventBus } from "#bulk-export/language/export-events.ts";
import { ExportStopped } from "#bulk-export/language/export-faults.ts";
import type { ExportPlan, PlannedFile } from "#bulk-export/language/export-plan.ts";
import type { ExportRun } from "#bulk-export/language/export-runs.ts";
import type { DownloadInput, DownloadResult, ExportContext } from "#bulk-export/language/export-state.ts";
import type { LandedFile } from "#bulk-export/language/landed-file.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { Receipts } from "#bulk-export/records/receipts.ts";
import type { UploadVerified, VerifiedFile } from "#bulk-export/verified-file/verified-upload.ts";
import { ClientKeyUnusable } from "#platform/faults/client-key-unusable.ts";
import { AccessRefused, OriginRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import { FileCut, FileDamaged, FileRefused, ObjectConflict } from "#platform/faults/file-faults.ts";
import type { OpenedBody } from "#platform/http/body-wholeness.ts";
import type { Step, StepContext } from "#platform/lambda/step.ts";
import { nextTry, retryIntervalMs } from "#platform/pacing/pacing.ts";

export interface DownloadFilePorts {
  openFile(file: { url: URL; requiresAccessToken: boolean }, signal: AbortSignal): Promise<OpenedBody>;
  upload: UploadVerified;
  getPlan(run: ExportRun): Promise<ExportPlan>;
  records: Pick<ExportRecords, "findStop" | "markStopped" | "pointers">;
  receipts: Pick<Receipts, "findLanded" | "writeLanded" | "writeFailed">;
  bus: ExportEventBus;
  log: ExportLog;
  now: () => number;
}

/** Eight attempts take about four minutes. A file with the wrong content at each attempt fails sooner. */
const mostAttempts = 8;
const mostDamagedAttempts = 4;

/**
 * A single 401 may be temporary. After several consecutive refusals the run stops, because IntegraConnect may block the
 * client.
 */
const mostConsecutiveRefusals = 3;
const refusalPauseMs = 10_000;

/**
 * Makes one attempt to land one file of the plan. If the outcome is `retry`, the state machine waits and calls the step
 * again. A file that finally fails is recorded as failed, and the other files still land.
 * @throws AccessRefused, ClientKeyUnusable: the whole run must stop. A stop marker ends the other downloads
 * @throws ExportStopped if the run has a stop marker
 * @throws EventsUndelivered if the bus does not accept the event. A repeated step publishes it again
 */
export const downloadFile =
  (ports: DownloadFilePorts): Step<DownloadInput, DownloadResult> =>
  async (input, stepContext) => {
    const { exportId, index } = input.item;
    const attempts = (input.download?.attempts ?? 0) + 1;
    const plan = await ports.getPlan(input.item);
    const file = plan.files[index];
    if (file === undefined) throw new Error(`the plan of export ${exportId} has no file ${index}`);
    try {
      const landed =
        (await ports.receipts.findLanded(exportId, index)) ??
        (await landFile(ports, input.item, plan, file, stepContext));
      await publishLanded(ports, input.export, landed);
      return { outcome: "landed", ...nextTry(ports.now(), 0), attempts, refusals: 0 };
    } catch (fault) {
      if (!isRefusal(fault)) return await retryOrRecordFailure(ports, input.export, file, attempts, fault);
      return await retryOrStopRun(ports, input.item, attempts, (input.download?.refusals ?? 0) + 1, fault);
    }
  };

function isRefusal(fault: unknown): fault is AccessRefused | ClientKeyUnusable {
  return fault instanceof AccessRefused || fault instanceof ClientKeyUnusable;
}

async function retryOrStopRun(
  ports: DownloadFilePorts,
  run: ExportRun,
  attempts: number,
  refusals: number,
  fault: AccessRefused | ClientKeyUnusable,
): Promise<DownloadResult> {
  if (fault instanceof AccessRefused && refusals < mostConsecutiveRefusals) {
    ports.log.warn("EXPORT_DOWNLOAD_REFUSED", { attempts, refusals, reason: fault.message });
    return { outcome: "retry", ...nextTry(ports.now(), refusalPauseMs * refusals), attempts, refusals };
  }
  const at = new Date(ports.now()).toISOString();
  await ports.records.markStopped(run, { reason: "refused", fault: fault.name, message: fault.message, at });
  throw fault;
}

async function landFile(
  ports: DownloadFilePorts,
  run: ExportRun,
  { requiresAccessToken }: ExportPlan,
  file: PlannedFile,
  { signal }: StepContext,
): Promise<LandedFile> {
  if (file.url === null) throw new FileRefused(file.fault ?? "its entry in the manifest cannot be fetched");
  await throwIfStopped(ports, run);
  const opened = await ports.openFile({ url: new URL(file.url), requiresAccessToken }, signal);
  const verified = await ports.upload(opened.chunks, {
    key: file.key,
    expected: {
      type: file.type,
      count: file.count,
      transportProven: opened.wholeness !== "unproven",
      isReport: file.kind === "error" || file.kind === "outcome",
    },
    beforeVisible: () => throwIfStopped(ports, run),
    signal,
  });
  const landed = receiptOf(file, verified, ports.now());
  await ports.receipts.writeLanded(run.exportId, landed);
  ports.log.info("EXPORT_FILE_LANDED", {
    index: file.index,
    type: file.type,
    lines: landed.lines,
    bytes: landed.bytes,
  });
  return landed;
}

function receiptOf(file: PlannedFile, verified: VerifiedFile, now: number): LandedFile {
  const { index, kind, type, key } = file;
  const { lines, bytes, crc32, issues } = verified;
  const landedAt = new Date(now).toISOString();
  return {
    index,
    kind,
    type,
    key,
    lines,
    bytes,
    checksum: { algorithm: "CRC32", value: crc32 },
    landedAt,
    ...(issues && { issues }),
  };
}

async function throwIfStopped({ records }: DownloadFilePorts, run: ExportRun): Promise<void> {
  const stop = await records.findStop(run);
  if (stop !== undefined) throw new ExportStopped(`the export was stopped: ${stop.message}`);
}

async function retryOrRecordFailure(
  ports: DownloadFilePorts,
  context: ExportContext,
  file: PlannedFile,
  attempts: number,
  fault: unknown,
): Promise<DownloadResult> {
  const rule = retryRuleOf(fault);
  if (rule === undefined) throw fault;
  const again = nextTry(ports.now(), retryIntervalMs(attempts, rule.retryAfterMs));
  const late = again.nextAt >= context.deadlineAt;
  ports.log.warn("EXPORT_FILE_ATTEMPT_FAILED", { index: file.index, type: file.type, attempts, reason: rule.reason });
  if (attempts < rule.mostAttempts && !late) return { outcome: "retry", ...again, attempts, refusals: 0 };
  const { index, kind, type, key } = file;
  const reason = late ? `${rule.reason}; the next attempt would come after the export's deadline` : rule.reason;
  await ports.receipts.writeFailed(context.exportId, { index, kind, type, key, reason, attempts });
  return { outcome: "failed", ...again, attempts, refusals: 0 };
}

/** How a fault of one file is handled. */
interface RetryRule {
  reason: string;
  mostAttempts: number;
  retryAfterMs?: number | undefined;
}

/** The rule for a fault that concerns only this file; undefined for any other fault. */
function retryRuleOf(fault: unknown): RetryRule | undefined {
  if (fault instanceof ServerUnavailable) {
    return { reason: fault.message, mostAttempts, retryAfterMs: fault.retryAfterMs };
  }
  if (fault instanceof FileCut) return { reason: fault.message, mostAttempts };
  if (fault instanceof FileDamaged) return { reason: fault.message, mostAttempts: mostDamagedAttempts };
  if (fault instanceof FileRefused || fault instanceof ObjectConflict || fault instanceof OriginRefused) {
    return { reason: fault.message, mostAttempts: 1 };
  }
  return undefined;
}

async function publishLanded(ports: DownloadFilePorts, context: ExportContext, landed: LandedFile): Promise<void> {
  const { key, kind, type, lines, bytes, checksum } = landed;
  const { bucket } = ports.records.pointers(context.exportId).destination;
  await ports.bus.publish({
    type: "Export File Landed",
    detail: {
      ...exportEventHead(context, `landed/${landed.index}`),
      file: { bucket, key, kind, type, lines, bytes, checksum },
    },
  });
}
