import { platformFaultNames } from "#platform/faults/faults.ts";
import { sessionFaultNames } from "#user-session/language/session-faults.ts";

/** The closed list of faults with which a request for CCDs can end. A name is an API (`platform/faults/faults.ts`). */
export const ccdFaultNames = [
  ...platformFaultNames,
  ...sessionFaultNames,
  "CcdRequestRefused",
  "CcdsRefused",
  "DocumentsRefused",
  "WrongPatient",
  /** No step throws it: the execution itself was stopped, or ran out of time. */
  "RetrievalStopped",
] as const;

export type CcdFaultName = (typeof ccdFaultNames)[number];

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
