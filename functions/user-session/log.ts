import { logOf } from "#platform/lambda/log.ts";
import { sessionLogCodes } from "./language/log-codes.ts";

/** The log of user sessions: one code for each kind of line. */
export const sessionLog = logOf(sessionLogCodes);
