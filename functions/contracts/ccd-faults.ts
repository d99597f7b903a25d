/*
 * What can go wrong with a request for CCDs, beside what goes wrong with any use of the server (`errors.ts`) and of a
 * user's session (`user-faults.ts`). A name is an API: state machine, events, records and alarms go by it.
 */

export const ccdFaultNames = [
  "CcdRequestRefused",
  "CcdsRefused",
  "DocumentsRefused",
  "WrongPatient",
  /** No step throws it: the execution itself was stopped, or ran out of time. */
  "RetrievalStopped",
] as const;

type CcdFaultName = (typeof ccdFaultNames)[number];

abstract class CcdFault extends Error {
  abstract override readonly name: CcdFaultName;
}

/** The server refused to look for the CCDs, and asking again would not change that. */
export class CcdRequestRefused extends CcdFault {
  override readonly name = "CcdRequestRefused";
}

/** The server says that there will be no CCDs in answer to the request that it had accepted. */
export class CcdsRefused extends CcdFault {
  override readonly name = "CcdsRefused";
}

/** What came is not to be opened, or not what it claims to be: none of it may be served. Its original is quarantined. */
export class DocumentsRefused extends CcdFault {
  override readonly name = "DocumentsRefused";
}

/** A document does not prove to be the patient's who was asked for. The whole answer is quarantined. */
export class WrongPatient extends CcdFault {
  override readonly name = "WrongPatient";
}
