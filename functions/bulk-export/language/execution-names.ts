import { createHash } from "node:crypto";
import type { ExportRun } from "./export-runs.ts";

/** The name of the execution of a run: the export's id, with a suffix if the run resumes the export. */
export const executionName = ({ exportId, run }: ExportRun): string =>
  run === "first" ? exportId : `${exportId}-${run}`;

/**
 * A digest of a text, for use in an execution's name: 40 hexadecimal digits. The text may hold characters that a name may not,
 * and texts that differ only in case get different digests.
 */
export const nameDigest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 40);

/** The name of an execution that an event starts. An event that is delivered twice gets the same name twice. */
export const executionNameOfEvent = (eventId: string): string =>
  /^[A-Za-z0-9-]{1,60}$/.test(eventId) ? `event-${eventId}` : `event-${nameDigest(eventId)}`;
