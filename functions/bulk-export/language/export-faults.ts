import { platformFaultNames } from "#platform/faults/faults.ts";

/** All faults with which an export can end. Each name is an API (`platform/faults/faults.ts`). */
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

/** The server refused the kick-off. Another attempt would be refused as well. */
export class KickOffRejected extends ExportFault {
  override readonly name = "KickOffRejected";
}

/** The server reports that the job failed. */
export class ExportJobFailed extends ExportFault {
  override readonly name = "ExportJobFailed";
}

interface JobGoneOptions extends ErrorOptions {
  /** The wait that the server requested before the next status request, in milliseconds. */
  retryAfterMs?: number | undefined;
}

/** The server no longer has the job (404 or 410 on its status URL). */
export class ExportJobGone extends ExportFault {
  override readonly name = "ExportJobGone";
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options?: JobGoneOptions) {
    super(message, options);
    this.retryAfterMs = options?.retryAfterMs;
  }
}

/** The manifest cannot be parsed, or lacks a required member. */
export class ManifestRejected extends ExportFault {
  override readonly name = "ManifestRejected";
}

/** The manifest lists files, and none of them landed. */
export class NoFileLanded extends ExportFault {
  override readonly name = "NoFileLanded";
}

/** More files are missing than the stage's settings tolerate. */
export class TooManyFilesMissing extends ExportFault {
  override readonly name = "TooManyFilesMissing";
}

/** The run was stopped while this step ran, by a cancellation or by a refusal in another step. It lands no more files. */
export class ExportStopped extends ExportFault {
  override readonly name = "ExportStopped";
}
