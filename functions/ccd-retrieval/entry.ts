import type { LandingBucket } from "#platform/bucket/landing-bucket.ts";
import { executionsFromEnvironment } from "#platform/executions/executions-from-environment.ts";
import type { CcdDocuments, CcdRequestRecord } from "./language/ccd-request.ts";
import { ccdIndexes } from "./records/ccd-indexes.ts";
import { ccdRequestsFromEnvironment } from "./records/ccd-request-records.ts";

/**
 * Everything that the API uses to request CCDs. Outside of this wing only this file, `reading-entry.ts` and the language are
 * imported.
 */
export interface CcdRetrieval {
  /** The records of CCD requests. */
  requests: {
    /**
     * Stores the record of a new CCD request.
     * @returns the record that now has this id: the stored one if the caller repeats a POST, or else the new one
     */
    create(record: CcdRequestRecord): Promise<CcdRequestRecord>;
    /** @returns undefined if no CCD request has this id, or its record has expired */
    find(requestId: string): Promise<CcdRequestRecord | undefined>;
    /**
     * The caller's requests, the newest first. A request may be missing for a moment after its creation.
     * @param page.after a `ccdRequestPlace`: the page begins behind it
     * @returns `next` is where the next page begins; undefined behind the last one
     */
    list(
      caller: string,
      page: { limit: number; after: string | undefined },
    ): Promise<{ requests: CcdRequestRecord[]; next: string | undefined }>;
  };
  /** The executions of the state machine `ccd-retrieval`. */
  executions: {
    /**
     * Starts the execution of a CCD request whose record is stored. An execution that runs already, or has ended, stays as it is.
     * @param name the id of the CCD request
     * @throws the AWS SDK's error if Step Functions does not start it; the same call may then be made again
     */
    start(name: string, input: { requestId: string }): Promise<unknown>;
  };
  /** The documents of CCD requests that are ready. */
  documents: {
    /** @returns the documents that landed for a CCD request that is ready */
    index(requestId: string): Promise<CcdDocuments>;
  };
}

/**
 * CCD retrieval by the function's environment: `LEDGER_TABLE`, `STATE_MACHINE_ARN` and `CCD_DAYS`.
 * @param bucket the landing bucket
 * @throws Error if the environment lacks a variable
 */
export function ccdRetrievalFromEnvironment(bucket: LandingBucket): CcdRetrieval {
  return {
    requests: ccdRequestsFromEnvironment(),
    executions: executionsFromEnvironment(),
    documents: ccdIndexes(bucket),
  };
}
