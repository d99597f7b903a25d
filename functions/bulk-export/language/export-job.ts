import * as z from "zod";
import { exportId } from "./export-id.ts";

/** `work/{exportId}/job.json`: the server's job. It is written right after the kick-off, so that no crash loses the job. */
export const exportJob = z.strictObject({
  exportId,
  statusUrl: z.url(),
  kickOffUrl: z.url(),
  /**
   * Our clock before the first kick-off request of the export was sent. The answer to that request may have been lost, and the
   * server may have handed out its job to a later one.
   */
  kickedOffAt: z.iso.datetime(),
  /** Whether its manifest showed that the job belongs to another request. The export neither adopts nor deletes such a job. */
  foreign: z.boolean(),
  /**
   * The URL that answered with the manifest, after redirects: the base of its relative URLs. It is set once the job is complete. From then
   * on its files can be fetched, so only the export itself, or a cancellation, deletes the job.
   */
  manifestUrl: z.url().optional(),
});
export type ExportJob = z.infer<typeof exportJob>;

/** `work/{exportId}/kick-off.json`: our clock before the first kick-off request was sent. It is written once. */
export const kickOffMark = z.strictObject({ sentAt: z.iso.datetime() });

/** The server's own id of a job: the last segment of its status URL (guide, `{bulkActionRequestId}`). */
export function jobIdOf({ statusUrl }: { statusUrl: string }): string {
  return new URL(statusUrl).pathname.split("/").at(-1) ?? "";
}
