/** The log codes of this wing, each with the sentence that its log lines carry. The runbook explains each. */
export const ccdLogCodes = {
  SESSION_LEASE_AWAITED: "Another CCD request has the session's lease. This one waits for its turn.",
  SESSION_LEASE_TAKEN_OVER:
    "The CCD request took the session's lease over from an execution that ended without releasing it.",
  PATIENT_READ_FAILED: "IntegraConnect does not give the Patient. The documents are judged by the patient's id alone.",
  PATIENT_READ_MISMATCHED:
    "IntegraConnect answered with another Patient. The documents are judged by the patient's id alone.",
  SERVER_REQUEST_ACCEPTED: "IntegraConnect accepted the request for the CCDs.",
  SERVER_REQUEST_BLOCKED:
    "IntegraConnect is working on another request of the same user. The bridge waits and tries again.",
  SERVER_REQUEST_FAILED: "IntegraConnect gave no usable answer to the request for the CCDs. The bridge tries again.",
  UNFINISHED_CCD_REQUEST_FOUND:
    "IntegraConnect is working on a CCD request whose execution has ended. The bridge finishes that one first.",
  UNFINISHED_CCD_REQUEST_FINISHED: "The bridge finished a CCD request whose execution had ended.",
  CCDS_NOT_READY: "The documents are not ready yet.",
  CCD_DOWNLOAD_FAILED: "The documents could not be downloaded. The bridge tries again.",
  CCD_DOCUMENTS_LANDED: "The documents landed in S3.",
  CCD_DOCUMENTS_QUARANTINED: "The documents were refused. The whole answer is in quarantine.",
  CCD_DOCUMENTS_REFUSED:
    "Some documents were refused by themselves, and the others land. The whole answer is in quarantine.",
  CCD_REQUEST_FAILED: "The CCD request failed.",
  CCD_REQUESTS_SWEPT: "A sweep looked for CCD requests whose execution is over and whose end was not published.",
  CCD_END_SWEPT: "A sweep published the end of a CCD request, which nothing else had published.",
  SESSION_LEASE_SWEPT: "A sweep released the session's lease, whose holder's execution is over.",
  CCD_REQUEST_NOT_SETTLED: "A sweep could not end a CCD request or release a lease; the next one tries it again.",
} as const;

export type CcdLogCode = keyof typeof ccdLogCodes;
