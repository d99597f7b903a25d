import { ExportStopped } from "#bulk-export/language/export-faults.ts";
import type { ExportPlan, PlannedFile } from "#bulk-export/language/export-plan.ts";
import type { ExportRun } from "#bulk-export/language/export-runs.ts";
import type { LandedFile } from "#bulk-export/language/landed-file.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { ExportRecords } from "#bulk-export/records/export-records.ts";
import type { UploadVerified, VerifiedFile } from "#bulk-export/verified-file/verified-upload.ts";
import { FileRefused } from "#platform/faults/file-faults.ts";
import type { OpenedBody } from "#platform/http/body-wholeness.ts";

export interface LandFilePorts {
  openFile(file: { url: URL; requiresAccessToken: boolean }, signal: AbortSignal): Promise<OpenedBody>;
  upload: UploadVerified;
  records: Pick<ExportRecords, "findStop">;
  log: ExportLog;
  now: () => number;
}

/**
 * Lands one file of the plan. Returns its receipt, which is still to be written.
 * @throws ExportStopped if the run was stopped before the file became visible
 * @throws the faults of `openFile` and `upload`
 */
export async function landFile(
  ports: LandFilePorts,
  run: ExportRun,
  { requiresAccessToken }: Pick<ExportPlan, "requiresAccessToken">,
  file: PlannedFile,
  signal: AbortSignal,
): Promise<LandedFile> {
  if (file.url === null) throw new FileRefused(file.fault ?? "its entry in the manifest cannot be fetched");
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
  ports.log.info("EXPORT_FILE_LANDED", {
    index: file.index,
    type: file.type,
    lines: landed.lines,
    bytes: landed.bytes,
  });
  return landed;
}

/** @throws ExportStopped if the run has a stop marker */
export async function throwIfStopped({ records }: Pick<LandFilePorts, "records">, run: ExportRun): Promise<void> {
  const stop = await records.findStop(run);
  if (stop !== undefined) throw new ExportStopped(`the export was stopped: ${stop.message}`);
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
