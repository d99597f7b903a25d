import type { S3Client } from "@aws-sdk/client-s3";
import type { ReadablePage } from "#ccd-retrieval/documents/readable/readable-page.ts";
import type { LandingBucket } from "#platform/bucket/landing-bucket.ts";
import type { CcdDocuments, CcdRequestRecord } from "./language/ccd-request.ts";
import { ccdReading } from "./records/ccd-reading.ts";
import { ccdRequestsFromEnvironment } from "./records/ccd-request-records.ts";

export type { ReadablePage };

/** Everything that the API uses to serve documents. It is apart from `entry.ts`, so that only one function reads documents. */
export interface CcdReading {
  requests: {
    /** @returns undefined if no CCD request has this id, or its record has expired */
    find(requestId: string): Promise<CcdRequestRecord | undefined>;
  };
  /** The documents of CCD requests that are ready. */
  documents: {
    /** @returns the documents that landed for a CCD request that is ready */
    index(requestId: string): Promise<CcdDocuments>;
    /**
     * Signs a link to a document.
     * @param key the document's key, as `index` returns it
     * @returns a URL that opens the document for a minute without credentials: give it only to the request's caller, never log it
     */
    link(key: string): Promise<string>;
    /**
     * Renders a document as a page for people (`documents/readable/readable-page.ts`).
     * @param key the document's key, as `index` returns it
     * @throws DocumentRefused if the document breaks a limit of the reader
     * @throws PageTooLarge
     * @throws the signal's reason, if it aborts, and the errors of the AWS SDK
     */
    page(key: string, signal: AbortSignal): Promise<ReadablePage>;
    /**
     * Converts a document to a FHIR Bundle (`documents/fhir/fhir-bundle.ts`).
     * @param key the document's key, as `index` returns it
     * @returns the Bundle as JSON
     * @throws DocumentRefused if the document breaks a limit of the reader
     * @throws NotConvertible
     * @throws the signal's reason, if it aborts, and the errors of the AWS SDK
     */
    bundle(key: string, signal: AbortSignal): Promise<Buffer>;
    /**
     * Stores a page that is too large for a response, for a day, and signs a link to it as `link` does.
     * @throws the AWS SDK's error if S3 refuses the page
     */
    linkToPage(requestId: string, number: number, html: Buffer): Promise<string>;
  };
}

/**
 * The reading of CCDs by the function's environment: `LEDGER_TABLE` and `CCD_DAYS`.
 * @param bucket the landing bucket
 * @throws Error if the environment lacks a variable
 */
export function ccdReadingFromEnvironment(s3: S3Client, bucket: LandingBucket): CcdReading {
  return { requests: ccdRequestsFromEnvironment(), documents: ccdReading(s3, bucket) };
}
