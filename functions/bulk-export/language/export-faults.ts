import { platformFaultNames } from "#platform/faults/faults.ts";

/** The closed list of faults with which an export can end. A name is an API (`platform/faults/faults.ts`). */
export const exportFaultNames = [
  ...platformFaultNames,
  "ClientKeyUnusable",
  "KickOffRejected",
  "ExportJobFailed",
  "ExportJobGone",
  "ManifestRejected",
  "NoFileLanded",
  "TooManyFilesMissing",
  "ExportStopped",
] as const;

export type ExportFaultName = (typeof exportFaultNames)[number];

abstract class ExportFault extends Error {
  abstract override readonly name: ExportFaultName;
}

/** The client's secret is missing or malformed. The message names what is missing, never a value. */
export class ClientKeyUnusable extends ExportFault {
  override readonly name = "ClientKeyUnusable";
}

/** The server refused the kick-off, and another attempt would not change that. */
export class KickOffRejected extends ExportFault {
  override readonly name = "KickOffRejected";
}

/** The server says that the export job itself failed. */
export class ExportJobFailed extends ExportFault {
  override readonly name = "ExportJobFailed";
}

/** The server no longer knows the export job (404 or 410 on its status URL). */
export class ExportJobGone extends ExportFault {
  override readonly name = "ExportJobGone";
}

/** The manifest cannot be read, or lacks what a manifest must have. */
export class ManifestRejected extends ExportFault {
  override readonly name = "ManifestRejected";
}

/** There were files to download, and none of them landed. */
export class NoFileLanded extends ExportFault {
  override readonly name = "NoFileLanded";
}

/** More of the manifest's files are missing than the stage's settings tolerate. */
export class TooManyFilesMissing extends ExportFault {
  override readonly name = "TooManyFilesMissing";
}

/** The export was stopped or refused elsewhere while this step ran. It lands no more files. */
export class ExportStopped extends ExportFault {
  override readonly name = "ExportStopped";
}
