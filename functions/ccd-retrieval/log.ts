import { logOf } from "#platform/lambda/log.ts";
import { ccdLogCodes } from "./language/log-codes.ts";

/** The log of CCD retrieval. */
export const ccdLog = logOf(ccdLogCodes);
