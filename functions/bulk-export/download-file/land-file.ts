import type { ExportPlan, PlannedFile } from "#bulk-export/language/export-plan.ts";
import type { LandedFile } from "#bulk-export/language/landed-file.ts";
import type { ExportLog } from "#bulk-export/log.ts";
import type { UploadOptions, UploadVerified, VerifiedFile } from "#bulk-export/verified-file/verified-upload.ts";
import { FileRefused } from "#platform/faults/file-faults.ts";
import type { OpenedBody } from "#platform/http/body-wholeness.ts";

export interface LandFilePorts {
  openFile(file: { url: URL; requiresAccessToken: boolean }, signal: AbortSignal): Promise<OpenedBody>;
  upload: UploadVerified;
  log: ExportLog;
  now: () => number;
}

/**
 * Lands one file of the plan. Returns its receipt, which is still to be written.
 * @param beforeVisible see `UploadOptions`
 * @throws the faults of `openFile`, `upload` and `beforeVisible`
 */
export async function landFile(
  ports: LandFilePorts,
  { requiresAccessToken }: Pick<ExportPlan, "requiresAccessToken">,
  file: PlannedFile,
  beforeVisible: UploadOptions["beforeVisible"],
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
    beforeVisible,
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
