import type { ExportError } from "#bulk-export/language/export-progress.ts";

/** What to do after an export failed, by its fault. docs/runbook.md says more. */
export const actionOf: Record<ExportError["name"], string> = {
  InvalidRequest: "Correct the request and send it again.",
  AccessRefused: "Check the client id, its keys and its scopes with IntegraConnect, then resume the export.",
  OriginRefused: "Check the URL of IntegraConnect in the stage's settings, then resume the export.",
  ServerUnavailable: "Wait until IntegraConnect answers again, then resume the export.",
  EventsUndelivered: "Check the event bus and its permissions, then resume the export.",
  DeadlineExceeded: "Resume the export, or allow it more time (setting export.deadlineHours).",
  ClientKeyUnusable: "Put a usable client key into the stage's secret (docs/runbook.md), then resume the export.",
  KickOffRejected: "Read the server's reason in the message, correct the request and send it again.",
  ExportJobFailed: "Read the server's reason in the message, and request a new export.",
  ExportJobGone: "Request a new export, unless the message names the one that replaces this export.",
  ManifestRejected: "Send the message and the manifest in the bucket to the vendor, and request a new export.",
  NoFileLanded: "Read the reasons of the missing files, then resume the export.",
  TooManyFilesMissing: "Read the reasons of the missing files, then resume the export.",
  ExportStopped: "Resume the export if it was stopped by mistake.",
  Unexpected: "Find the export's id in the log, and resume the export once the cause is mended.",
};
