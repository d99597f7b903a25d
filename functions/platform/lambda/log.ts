import { Logger } from "@aws-lambda-powertools/logger";
import { isSecretName, redact } from "./redaction.ts";

/** The log codes of a wing, each with the sentence that its log lines carry. The runbook explains each code. */
export type LogCodes = Readonly<Record<string, string>>;

/** What may be logged: a code of the wing, and fields that help to find the export or request. Never bodies, never PHI. */
export interface Log<Code extends string = string> {
  info(code: Code, fields?: Record<string, unknown>): void;
  warn(code: Code, fields?: Record<string, unknown>): void;
  error(code: Code, fields?: Record<string, unknown>): void;
}

const build = process.env["BUILD"];

/**
 * Structured logs, one JSON object per line. Credentials and URL queries are redacted in all of them. Each line says its build,
 * by which `npm run map-stack` finds the source map.
 */
export const logger = new Logger({
  serviceName: "integra-bridge",
  ...(build === undefined ? {} : { persistentKeys: { build } }),
  jsonReplacerFn: (name, value: unknown) => {
    if (isSecretName(name)) return "[redacted]";
    return typeof value === "string" ? redact(value) : value;
  },
});

/** The log of a wing: each line carries the code, its sentence, and the fields. */
export function logOf<Codes extends LogCodes>(codes: Codes): Log<keyof Codes & string> {
  const write =
    (level: "info" | "warn" | "error") =>
    (code: keyof Codes & string, fields: Record<string, unknown> = {}) =>
      logger[level](codes[code] ?? code, { ...fields, code });
  return { info: write("info"), warn: write("warn"), error: write("error") };
}
