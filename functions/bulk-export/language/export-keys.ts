import { auditPrefixes, bucketPrefixes } from "#platform/bucket/object-keys.ts";

const { exports, work } = bucketPrefixes;

/**
 * The keys of an export's objects. Consumers read `exports/`, which holds only complete files. `work/` is the bridge's own and
 * may be deleted earlier.
 */
export const exportKeys = {
  /** Everything of an export that consumers read. */
  landed: `${exports}{exportId}/`,
  /** The manifest as received. */
  manifest: `${exports}{exportId}/manifest.json`,
  /** A further page of the manifest, numbered from 2. */
  manifestPage: `${exports}{exportId}/manifest-{page}.json`,
  /** An output file. The folder is its resource type, `errors` or `deleted`. */
  file: `${exports}{exportId}/{folder}/{name}.ndjson`,
  summary: `${exports}{exportId}/summary.json`,
  record: `${work}{exportId}/export.json`,
  kickOff: `${work}{exportId}/kick-off.json`,
  job: `${work}{exportId}/job.json`,
  plan: `${work}{exportId}/plan.json`,
  workList: `${work}{exportId}/work-list.json`,
  /** `ofRun` is empty for the first run, and `-r1` for the run that resumes it. */
  stop: `${work}{exportId}/stop{ofRun}.json`,
  receipts: `${work}{exportId}/receipts/`,
  /** The receipts of some files of an item of the work list, or of one file. The name begins with the item's first file. */
  receipt: `${work}{exportId}/receipts/{name}.json`,
  failures: `${work}{exportId}/failures/`,
  failure: `${work}{exportId}/failures/{index}.json`,
} as const;

/** The keys of an export's facts in the audit bucket. They are written once. */
export const exportAuditKeys = {
  /** All facts about a run. */
  facts: `${auditPrefixes.exports}{exportId}/{run}/`,
  fact: `${auditPrefixes.exports}{exportId}/{run}/{fact}.json`,
} as const;
