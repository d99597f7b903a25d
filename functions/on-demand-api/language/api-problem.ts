import * as z from "zod";
import { AccessRefused, OriginRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import { cutText } from "#platform/http/reading/header-text.ts";
import {
  type ReadRefusal,
  ReadRefused,
  SessionDead,
  SessionSecretUnusable,
} from "#user-session/language/session-faults.ts";

/*
 * How a failed call looks to its caller: a problem (RFC 9457), or an OperationOutcome below /fhir.
 */

/** The issue types of FHIR R4 that the API uses (value set `issue-type`). */
const issueTypes = [
  "invalid",
  "security",
  "forbidden",
  "not-found",
  "not-supported",
  "too-long",
  "transient",
  "exception",
] as const;

/** The body of a problem (RFC 9457). */
export const problemBody = z.strictObject({
  type: z.literal("about:blank"),
  title: z.string().describe("What happened. The same problem always has the same title."),
  status: z.number().int(),
  detail: z.string().describe("What happened in this call and what to do, for people."),
  requestId: z.string().describe("The id of the call. Find the call by it in the log and in the audit trail."),
  candidates: z
    .array(z.string())
    .optional()
    .describe("The ids of the matching patients, at most 100, if more than one patient matches."),
});

export type ProblemBody = z.infer<typeof problemBody>;

/** The body of a problem below /fhir (FHIR R4, OperationOutcome). */
export const outcomeBody = z.strictObject({
  resourceType: z.literal("OperationOutcome"),
  issue: z
    .array(
      z.strictObject({
        severity: z.literal("error"),
        code: z.enum(issueTypes),
        details: z.strictObject({
          text: z.string().describe("What happened. The same problem always has the same text."),
        }),
        diagnostics: z
          .string()
          .describe("The message of IntegraConnect if there is one; otherwise what happened and what to do."),
      }),
    )
    .min(1),
});

export type OutcomeBody = z.infer<typeof outcomeBody>;

interface ProblemOptions extends ErrorOptions {
  status: number;
  /** The FHIR R4 issue type that fits best. */
  issue: (typeof issueTypes)[number];
  /**
   * For the caller only, never for the log: it may repeat parts of the request. A list has one text for each fault of the
   * request. Of each text 600 characters are repeated, and of a list 20 texts.
   */
  detail: string | readonly string[];
  /** After this time a retry may succeed. Undefined if a retry alone does not help. */
  retryAfterMs?: number | undefined;
  /** Further members of the problem (RFC 9457, 3.2). */
  members?: Pick<ProblemBody, "candidates">;
}

/** A failed call. The message is the title. It never identifies a patient, because it is logged. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly status: number;
  readonly issue: ProblemOptions["issue"];
  readonly detail: string;
  readonly retryAfterMs: number | undefined;
  readonly members: Pick<ProblemBody, "candidates">;

  constructor(title: string, options: ProblemOptions) {
    super(title, options);
    this.status = options.status;
    this.issue = options.issue;
    this.detail = cutDetail(options.detail);
    this.retryAfterMs = options.retryAfterMs;
    this.members = options.members ?? {};
  }
}

/** The problem of a call for something that does not exist. */
export const notFound = (title: string): ApiProblem =>
  new ApiProblem(title, { status: 404, issue: "not-found", detail: `${title}.` });

/** Characters. They hold the bridge's own words and 600 characters of the server's (`server-text.ts`). */
const longestDetail = 2_000;
const longestFault = 600;
const mostFaults = 20;

/**
 * The detail of a problem, short enough for any answer. A caller may send megabytes as one name, or a million faults, and a
 * problem that repeats them would be too large for Lambda.
 */
function cutDetail(detail: string | readonly string[]): string {
  if (typeof detail === "string") return cutText(detail, longestDetail);
  const shown = detail.slice(0, mostFaults).map((fault) => cutFault(fault));
  const left = detail.length - shown.length;
  return [...shown, ...(left > 0 ? [`and ${left} more faults`] : [])].join("; ");
}

/** A fault begins with what the caller sent and ends with what is wrong about it: both ends are kept. */
function cutFault(fault: string): string {
  if (fault.length <= longestFault) return fault;
  const half = longestFault / 2;
  return `${cutText(fault, half)}${fault.slice(-half).replace(/^[\udc00-\udfff]/, "")}`;
}

/**
 * The problem that the caller of a failed call gets. An unexpected error becomes a 500 that does not repeat its message: the
 * message may hold anything.
 */
export function problemOf(cause: unknown): ApiProblem {
  if (cause instanceof ApiProblem) return cause;
  if (cause instanceof ReadRefused) return problemOfRefusedRead(cause);
  if (cause instanceof SessionDead || cause instanceof SessionSecretUnusable) {
    const title = "The bridge's session at IntegraConnect has ended";
    return new ApiProblem(title, { status: 503, issue: "exception", detail: cause.message, cause });
  }
  if (cause instanceof ServerUnavailable) {
    const { message, diagnostics, retryAfterMs = defaultRetryMs } = cause;
    return new ApiProblem("IntegraConnect gave no usable answer", {
      status: 503,
      issue: "transient",
      detail: diagnostics === "" ? message : `${message}: ${diagnostics}`,
      retryAfterMs,
      cause,
    });
  }
  // The bridge's own credentials or the server's links are at fault, not the caller's.
  if (cause instanceof AccessRefused || cause instanceof OriginRefused) {
    const title = "IntegraConnect did not serve the bridge";
    return new ApiProblem(title, { status: 502, issue: "exception", detail: cause.message, cause });
  }
  const detail = "The bridge failed. Its operator finds the cause in the log, by the id of the call.";
  return new ApiProblem("Unexpected", { status: 500, issue: "exception", detail, cause });
}

const defaultRetryMs = 5_000;

const readProblems: Record<ReadRefusal, { title: string; issue: ProblemOptions["issue"] }> = {
  "invalid-parameter": { title: "IntegraConnect does not accept these search parameters", issue: "invalid" },
  "invalid-value": { title: "IntegraConnect does not accept a value of these search parameters", issue: "invalid" },
  forbidden: { title: "The bridge's user may not see this", issue: "forbidden" },
  "not-found": { title: "IntegraConnect has no such resource", issue: "not-found" },
  other: { title: "IntegraConnect refused the request", issue: "exception" },
};

/** Keeps the server's status if the guide gives it a meaning; otherwise the status is 502. */
function problemOfRefusedRead(cause: ReadRefused): ApiProblem {
  const { title, issue } = readProblems[cause.refusal];
  const detail = cause.diagnostics === "" ? `${title} (HTTP ${cause.status})` : cause.diagnostics;
  return new ApiProblem(title, { status: cause.refusal === "other" ? 502 : cause.status, issue, detail, cause });
}
