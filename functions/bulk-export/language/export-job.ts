import * as z from "zod";
import { exportId } from "./export-state.ts";

/** `work/{exportId}/job.json`: the server's job. It is written right after the kick-off, so that no crash loses the job. */
export const exportJob = z.strictObject({
  exportId,
  statusUrl: z.url(),
  kickOffUrl: z.url(),
  kickedOffAt: z.iso.datetime(),
  /** Whether its manifest showed that the job belongs to another request. Such a job is never adopted and never deleted. */
  foreign: z.boolean(),
});
export type ExportJob = z.infer<typeof exportJob>;

/** The server's own id of a job: the last segment of its status URL (guide, `{bulkActionRequestId}`). */
export function jobIdOf({ statusUrl }: { statusUrl: string }): string {
  return new URL(statusUrl).pathname.split("/").at(-1) ?? "";
}
