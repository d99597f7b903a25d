import type { IncomingMessage } from "node:http";
import type { ExportJobs } from "#local/simulator/bulk-export/export-jobs.ts";
import type { Fault } from "#local/simulator/faults/fault-schema.ts";

/** All secrets that were sent, for tests that search for leaks. They are in no log. */
export interface SecretsSeen {
  /** Access tokens that were issued, of clients and of users. */
  readonly tokens: readonly string[];
  /** Refresh tokens and identity tokens of users, and nonces. */
  readonly userSecrets: readonly string[];
  /** Client assertions as they were received, refused ones included. */
  readonly assertions: readonly string[];
  /** The unguessable parts of file URLs: the secrets of capability URLs, and the `objectId`s of the others. */
  readonly urlSecrets: readonly string[];
}

/** The secrets that are recorded while the simulator runs. */
export interface RecordedSecrets {
  readonly tokens: string[];
  readonly userSecrets: string[];
  readonly assertions: string[];
}

/** The recorded secrets, with those of the jobs. */
export function secretsSeen(noted: RecordedSecrets, jobs: ExportJobs): SecretsSeen {
  return {
    tokens: [...noted.tokens],
    userSecrets: [...noted.userSecrets],
    assertions: [...noted.assertions],
    urlSecrets: jobs.all.flatMap(({ capability, objectId }) => [capability, objectId]),
  };
}

/**
 * Fills the request's parts into the words of a fault, because some servers quote what they receive: `{token}`,
 * `{assertion}`, `{url}` and `{body}` are replaced.
 */
export function fillInWords(fault: Fault, request: IncomingMessage, body: Buffer): Fault {
  if (fault.kind !== "status" || fault.words === undefined) return fault;
  const raw = String(request.headers["x-auth-token"] ?? "");
  const token = request.headers.authorization?.replace(/^Bearer +/i, "") ?? raw;
  const assertion = new URLSearchParams(body.toString("utf8")).get("client_assertion") ?? "";
  const url = `http://${request.headers.host}${request.url}`;
  const words = fault.words.replaceAll("{token}", token).replaceAll("{assertion}", assertion).replaceAll("{url}", url);
  return { ...fault, words: words.replaceAll("{body}", body.toString("utf8")) };
}
