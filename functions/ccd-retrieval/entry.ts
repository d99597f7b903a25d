import type { S3Client } from "@aws-sdk/client-s3";
import type { LandingBucket } from "#platform/bucket/landing-bucket.ts";
import type { Executions } from "#platform/executions/executions.ts";
import { executionsFromEnvironment } from "#platform/executions/executions-from-environment.ts";
import { type CcdDocumentLinks, ccdDocumentLinks } from "./records/ccd-document-links.ts";
import { type CcdRequests, ccdRequestsFromEnvironment } from "./records/ccd-request-records.ts";

/** What the API may ask of the retrieval of CCDs: everything else of this wing is its own. */
export interface CcdRetrieval {
  requests: Pick<CcdRequests, "create" | "find">;
  executions: Pick<Executions, "start">;
  documents: CcdDocumentLinks;
}

/** The retrieval that the function's environment names. */
export function ccdRetrievalFromEnvironment(s3: S3Client, bucket: LandingBucket): CcdRetrieval {
  return {
    requests: ccdRequestsFromEnvironment(),
    executions: executionsFromEnvironment(),
    documents: ccdDocumentLinks(s3, bucket),
  };
}
