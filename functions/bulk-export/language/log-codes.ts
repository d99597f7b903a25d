/** The log codes of this wing, each with the sentence that its log lines carry. The runbook explains each. */
export const exportLogCodes = {
  EXPORT_STARTED: "An execution was started for a requested export.",
  EXPORT_TRIGGER_REPEATED: "The export was already started; the repeated trigger started nothing.",
  EXPORT_REQUEST_ID_REUSED: "A requestId was used again with another detail; the new execution will be rejected.",
  EXPORT_CHECKPOINT_UNUSABLE:
    "The stored checkpoint cannot be read or lies ahead; the export is a full one and replaces it.",
  EXPORT_RESUMED: "An execution for a request to resume the export was started, or exists already.",
  EXPORT_STARTED_AFRESH: "The server no longer has the job of the export to resume; a new export replaces it.",
  EXPORT_CANCEL_REQUEST_IGNORED: "A request to cancel names no export; nothing was stopped.",
  EXPORT_EXECUTIONS_STOPPED: "A request to cancel the export was carried out.",
  EXPORT_TURN_AWAITED: "Another export holds the lease of this level; this export waits for its turn.",
  EXPORT_LEASE_TAKEN_OVER: "The lease was taken over from an execution that ended without releasing it.",
  EXPORT_PREVIOUS_JOB_DELETION_FAILED: "The job of the export that held the lease before could not be deleted.",
  EXPORT_RESULT_ADOPTED: "The export took over the result of an identical export.",
  EXPORT_TOKEN_ANSWER_UNREADABLE: "Members of the token endpoint's answer cannot be read; they count as unsaid.",
  EXPORT_KICKED_OFF: "IntegraConnect accepted the export.",
  EXPORT_KICK_OFF_FAILED: "A kick-off attempt failed; it will be repeated.",
  EXPORT_MISMATCHED_JOB_RETURNED:
    "The server returned the job of another request again; the kick-off will be repeated.",
  EXPORT_PROGRESS_REPORTED: "The server is still working on the export.",
  EXPORT_STATUS_REQUEST_FAILED: "A status request failed; it will be repeated.",
  EXPORT_MANIFEST_RECEIVED: "The server finished the export, and its manifest was stored.",
  EXPORT_JOB_MISMATCHED: "The manifest answers another request; the export leaves the job alone and kicks off again.",
  EXPORT_DOWNLOADS_PLANNED: "The files to download were listed.",
  EXPORT_FILE_LANDED: "A file landed.",
  EXPORT_FILE_ATTEMPT_FAILED: "An attempt to download a file failed.",
  EXPORT_FILE_ERROR: "An attempt to download a file failed with an unexpected error; the other files go on.",
  EXPORT_FILE_UNPUBLISHED: "EventBridge did not accept the event of a landed file in any attempt.",
  EXPORT_DOWNLOAD_REFUSED: "The server refused the credentials for a download; the attempt will be repeated.",
  EXPORT_UPLOAD_ABORT_FAILED: "An incomplete upload could not be aborted; the bucket's lifecycle rule will remove it.",
  EXPORT_RECONCILED: "The landed files were compared with the manifest, and the summary was written.",
  EXPORT_WARNED: "Something beside the data was not as it should be; the export went on.",
  EXPORT_JOB_DELETION_FAILED: "The server did not delete the job of the export.",
  EXPORT_FAILED: "The export failed.",
  EXPORT_SETTLED:
    "An execution did not end in good order; its end was published, and its lease and job were cleaned up.",
  EXPORT_RUN_NOT_CLOSED:
    "The end of the export was published, and its ledger item could not be removed; a sweep does it.",
  EXPORTS_SWEPT: "A sweep looked for exports whose end was not published.",
  EXPORT_END_SWEPT: "A sweep published the end of an export, which nothing else had published.",
  EXPORT_NOT_SETTLED: "A sweep could not settle an export; the next one tries it again.",
} as const;

export type ExportLogCode = keyof typeof exportLogCodes;
