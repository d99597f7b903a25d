import { type Log, logOf } from "#platform/lambda/log.ts";
import { type ExportLogCode, exportLogCodes } from "./language/log-codes.ts";

/** A log that takes the codes of this wing. */
export type ExportLog = Log<ExportLogCode>;

/** The log of this wing's Lambda functions. */
export const exportLog: ExportLog = logOf(exportLogCodes);
