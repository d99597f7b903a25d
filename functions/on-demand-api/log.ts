import { logOf } from "#platform/lambda/log.ts";
import { apiLogCodes } from "./language/log-codes.ts";

/** The log of the on-demand API: one code for each kind of line. */
export const apiLog = logOf(apiLogCodes);
