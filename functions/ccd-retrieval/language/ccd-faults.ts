import { platformFaultNames } from "#platform/faults/faults.ts";
import { sessionFaultNames } from "#user-session/language/session-faults.ts";
import type { RefusedFile } from "./document-faults.ts";

/** The closed list of faults with which a CCD request can end. A name is an API (`platform/faults/faults.ts`). */
export const ccdFaultNames = [
  ...platformFaultNames,
  ...sessionFaultNames,
  "CcdRequestRefused",
  "CcdsRefused",
  "DocumentsRefused",
  "WrongPatient",
  /** No step throws it: the execution itself was stopped, failed, ran out of time, or never started. */
  "RetrievalStopped",
] as const;

export type CcdFaultName = (typeof ccdFaultNames)[number];

abstract class CcdFault extends Error {
  abstract override readonly name: CcdFaultName;
}

/** IntegraConnect refused to look for the CCDs. Another attempt would get the same answer. */
export class CcdRequestRefused extends CcdFault {
  override readonly name = "CcdRequestRefused";
}

/** IntegraConnect accepted the request, and then said that there will be no CCDs. */
export class CcdsRefused extends CcdFault {
  override readonly name = "CcdsRefused";
}

/** The answer is not safe to open, or is not what it claims to be. None of it may be served. The original is in quarantine. */
export class DocumentsRefused extends CcdFault {
  override readonly name = "DocumentsRefused";
}

/**
 * A document contradicts the patient of the request, or no document proves that it belongs to the patient. The whole answer is
 * in quarantine.
 */
export class WrongPatient extends CcdFault {
  override readonly name = "WrongPatient";
  /** Private, because loggers write every public member of an error. */
  readonly #files: readonly RefusedFile[];

  constructor(message: string, files: readonly RefusedFile[] = [], options?: ErrorOptions) {
    super(message, options);
    this.#files = files;
  }

  /** The documents that were refused, as far as they are known. */
  refusedFiles(): readonly RefusedFile[] {
    return this.#files;
  }
}
