import * as z from "zod";
import { exportId } from "./export-id.ts";
import { exportRequest } from "./export-request.ts";

/** `work/{exportId}/export.json`: the request that is carried out under this id. Resumptions and cancellations read it. */
export const exportRecord = z.strictObject({
  exportId,
  requestId: z.string().nullable(),
  request: exportRequest,
  predecessor: exportId.nullable(),
});
export type ExportRecord = z.infer<typeof exportRecord>;
