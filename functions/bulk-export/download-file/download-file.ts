import { exportEvent } from "#bulk-export/language/event-head.ts";
import type { ExportEventBus } from "#bulk-export/language/export-events.ts";
import { ClientKeyUnusable, ExportStopped } from "#bulk-export/language/export-faults.ts";
import type { ExportPlan, LandedFile, PlannedFile } from "#bulk-export/language/export-records.ts";
import type { ExportRun } from "#bulk-export/language/export-runs.ts";
import type { DownloadInput, DownloadResult, ExportContext } from "#bulk-export/language/export-state.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { Receipts } from "#bulk-export/records/receipts.ts";
import type { UploadVerified, VerifiedFile } from "#bulk-export/verified-file/verified-upload.ts";
import { AccessRefused, OriginRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import { FileCut, FileDamaged, FileRefused, ObjectConflict } from "#platform/faults/file-faults.ts";
import type { OpenedBody } from "#platform/http/body-wholeness.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { Step, StepContext } from "#platform/lambda/step.ts";
import { nextTry, troubleIntervalMs } from "#platform/pacing/pacing.ts";

export interface DownloadFilePorts {
  openFile(file: { url: URL; requiresAccessToken: boolean }, signal: AbortSignal): Promise<OpenedBody>;
  upload: UploadVerified;
  getPlan(run: ExportRun): Promise<ExportPlan>;
  records: Pick<ExportRecords, "findStop" | "markStopped" | "pointers">;
  receipts: Pick<Receipts, "find" | "writeLanded" | "writeFailed">;
  bus: ExportEventBus;
  log: Log;
  now: () => number;
}

/** About four minutes of trying; a file whose content is wrong each time is given up sooner. */
const mostAttempts = 8;
const mostDamagedAttempts = 4;

/** A 401 that passes is no reason to stop a run; refused in a row, the client is asking to be blocked. */
const mostRefusals = 3;
const refusalPauseMs = 10_000;

/**
 * Lands one file of the plan, in one try: the state machine waits and calls again where the answer is "retry". A file
 * that cannot be had is recorded as failed and fails nobody else.
 * @throws AccessRefused, ClientKeyUnusable: the whole run must stop, and a marker tells the other downloads
 * @throws ExportStopped where that marker stands
 * @throws EventsUndelivered where the bus does not take the event; a repeated step tells it again
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
        (await ports.receipts.find(exportId, index)) ?? (await land(ports, input.item, plan, file, stepContext));
      await announce(ports, input.export, landed);
      return { outcome: "landed", ...nextTry(ports.now(), 0), attempts, refusals: 0 };
    } catch (fault) {
      if (!isRefusal(fault)) return await afterFault(ports, input.export, file, attempts, fault);
      return await afterRefusal(ports, input.item, attempts, (input.download?.refusals ?? 0) + 1, fault);
    }
  };

function isRefusal(fault: unknown): fault is AccessRefused | ClientKeyUnusable {
  return fault instanceof AccessRefused || fault instanceof ClientKeyUnusable;
}

async function afterRefusal(
  ports: DownloadFilePorts,
  run: ExportRun,
  attempts: number,
  refusals: number,
  fault: AccessRefused | ClientKeyUnusable,
): Promise<DownloadResult> {
  if (fault instanceof AccessRefused && refusals < mostRefusals) {
    ports.log.warn("the server refused our credentials", { attempts, refusals, reason: fault.message });
    return { outcome: "retry", ...nextTry(ports.now(), refusalPauseMs * refusals), attempts, refusals };
  }
  const at = new Date(ports.now()).toISOString();
  await ports.records.markStopped(run, { reason: "refused", fault: fault.name, message: fault.message, at });
  throw fault;
}

async function land(
  ports: DownloadFilePorts,
  run: ExportRun,
  { requiresAccessToken }: ExportPlan,
  file: PlannedFile,
  { signal }: StepContext,
): Promise<LandedFile> {
  await refuseIfStopped(ports, run);
  const opened = await ports.openFile({ url: new URL(file.url), requiresAccessToken }, signal);
  const verified = await ports.upload(opened.chunks, {
    key: file.key,
    expected: { type: file.type, count: file.count, transportProven: opened.wholeness !== "unproven" },
    beforeVisible: () => refuseIfStopped(ports, run),
    signal,
  });
  const landed = receipt(file, verified, ports.now());
  await ports.receipts.writeLanded(run.exportId, landed);
  ports.log.info("file landed", { index: file.index, type: file.type, lines: landed.lines, bytes: landed.bytes });
  return landed;
}

function receipt(file: PlannedFile, verified: VerifiedFile, now: number): LandedFile {
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

async function refuseIfStopped({ records }: DownloadFilePorts, run: ExportRun): Promise<void> {
  const stop = await records.findStop(run);
  if (stop !== undefined) throw new ExportStopped(`the export was stopped: ${stop.message}`);
}

async function afterFault(
  ports: DownloadFilePorts,
  context: ExportContext,
  file: PlannedFile,
  attempts: number,
  fault: unknown,
): Promise<DownloadResult> {
  const judgement = judge(fault);
  if (judgement === undefined) throw fault;
  const again = nextTry(ports.now(), troubleIntervalMs(attempts, judgement.retryAfterMs));
  const late = again.nextAt >= context.deadlineAt;
  ports.log.warn("file did not land", { index: file.index, type: file.type, attempts, reason: judgement.reason });
  if (attempts < judgement.mostAttempts && !late) return { outcome: "retry", ...again, attempts, refusals: 0 };
  const { index, kind, type, key } = file;
  const reason = late ? `${judgement.reason}; the next try would come after the export's deadline` : judgement.reason;
  await ports.receipts.writeFailed(context.exportId, { index, kind, type, key, reason, attempts });
  return { outcome: "failed", ...again, attempts, refusals: 0 };
}

interface Judgement {
  reason: string;
  mostAttempts: number;
  retryAfterMs?: number | undefined;
}

/** What a fault means for this file; undefined where it is not the file's. */
function judge(fault: unknown): Judgement | undefined {
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

async function announce(ports: DownloadFilePorts, context: ExportContext, landed: LandedFile): Promise<void> {
  const { key, kind, type, lines, bytes, checksum } = landed;
  const { bucket } = ports.records.pointers(context.exportId).destination;
  await ports.bus.publish({
    type: "Export File Landed",
    detail: {
      ...exportEvent(context, `landed/${landed.index}`),
      file: { bucket, key, kind, type, lines, bytes, checksum },
    },
  });
}
