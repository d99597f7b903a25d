import * as z from "zod";
import { ccdProtocolSettings } from "#ccd-retrieval/language/ccd-protocol.ts";
import { documentSettings } from "#ccd-retrieval/language/document-settings.ts";

/** Patients' CCDs on demand. */
export const ccd = z
  .strictObject({
    /** Minutes from a caller's request to its documents. They include the wait for the user session. */
    deadlineMinutes: z
      .number()
      .positive()
      .max(60 * 24)
      .default(60),
    protocol: ccdProtocolSettings,
    documents: documentSettings,
  })
  .prefault({});

export type CcdSettings = z.infer<typeof ccd>;
