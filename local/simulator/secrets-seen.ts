import type { IncomingMessage } from "node:http";
import type { ExportJobs } from "#local/simulator/export-jobs.ts";
import type { Fault } from "#local/simulator/fault-plan.ts";

/** Everything secret that went over the wire, for tests that look for it where it must not be. No part of any log. */
export interface SecretsSeen {
  /** Access tokens that were issued, of clients and of users. */
  readonly tokens: readonly string[];
  /** Refresh tokens and identity tokens of users, and nonces. */
  readonly userSecrets: readonly string[];
  /** Client assertions as they were received, refused ones included. */
  readonly assertions: readonly string[];
  /** What makes the URLs of files unguessable: the secrets of capability URLs, and the `objectId`s of the others. */
  readonly urlSecrets: readonly string[];
}

/** What is noted while the server runs. */
export interface NotedSecrets {
  readonly tokens: string[];
  readonly userSecrets: string[];
  readonly assertions: string[];
}

/** What was noted so far, with the secrets of the jobs. */
export function secretsSeen(noted: NotedSecrets, jobs: ExportJobs): SecretsSeen {
  return {
    tokens: [...noted.tokens],
    userSecrets: [...noted.userSecrets],
    assertions: [...noted.assertions],
    urlSecrets: jobs.all.flatMap(({ capability, objectId }) => [capability, objectId]),
  };
}

/**
 * The fault with the words of its body completed, as servers do that quote what they were sent: `{token}`, `{assertion}`,
 * `{url}` and `{body}` stand for the request's.
 */
export function quoting(fault: Fault, request: IncomingMessage, body: Buffer): Fault {
  if (fault.kind !== "status" || fault.words === undefined) return fault;
  const raw = String(request.headers["x-auth-token"] ?? "");
  const token = request.headers.authorization?.replace(/^Bearer +/i, "") ?? raw;
  const assertion = new URLSearchParams(body.toString("utf8")).get("client_assertion") ?? "";
  const url = `http://${request.headers.host}${request.url}`;
  const words = fault.words.replaceAll("{token}", token).replaceAll("{assertion}", assertion).replaceAll("{url}", url);
  return { ...fault, words: words.replaceAll("{body}", body.toString("utf8")) };
}
