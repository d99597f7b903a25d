import { type Log, logOf } from "#platform/lambda/log.ts";
import { type ClientKeyLogCode, clientKeyLogCodes } from "./language/log-codes.ts";

/** A log that takes the codes of this wing. */
export type ClientKeyLog = Log<ClientKeyLogCode>;

/** The log of this wing's Lambda functions. */
export const clientKeyLog: ClientKeyLog = logOf(clientKeyLogCodes);
