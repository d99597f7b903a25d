import { Logger } from "@aws-lambda-powertools/logger";
import { isSecretName, redact } from "./redaction.ts";

/** What steps may say to the log: a sentence, and fields that help to find the export. Never bodies, never PHI. */
export interface Log {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** Structured logs (JSON, one object a line) in which credentials and URL queries are redacted, whoever logs them. */
export const logger = new Logger({
  serviceName: "integra-bridge",
  jsonReplacerFn: (name, value: unknown) => {
    if (isSecretName(name)) return "[redacted]";
    return typeof value === "string" ? redact(value) : value;
  },
});

/** The logger as steps see it. */
export const log: Log = {
  info: (message, fields = {}) => logger.info(message, fields),
  warn: (message, fields = {}) => logger.warn(message, fields),
  error: (message, fields = {}) => logger.error(message, fields),
};
