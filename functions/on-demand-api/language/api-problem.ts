import * as z from "zod";
import { AccessRefused, OriginRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import {
  type ReadRefusal,
  ReadRefused,
  SessionDead,
  SessionSecretUnusable,
} from "#user-session/language/session-faults.ts";

/*
 * What an API caller is told where there is no answer: a problem (RFC 9457), below /fhir an OperationOutcome.
 */

/** FHIR R4's issue types (value set `issue-type`), as far as the API tells of them. */
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

/** A problem as its caller reads it (RFC 9457). */
export const problemBody = z.strictObject({
  type: z.literal("about:blank"),
  title: z.string().describe("What happened, the same at each time."),
  status: z.number().int(),
  detail: z.string().describe("What happened this time, and what to do, for people."),
  requestId: z.string().describe("The call's id: the log and the audit trail know the call by it."),
  candidates: z.array(z.string()).optional().describe("The ids of patients that match, where more than one does."),
});

export type ProblemBody = z.infer<typeof problemBody>;

/** The same below /fhir (FHIR R4, OperationOutcome). */
export const outcomeBody = z.strictObject({
  resourceType: z.literal("OperationOutcome"),
  issue: z
    .array(
      z.strictObject({
        severity: z.literal("error"),
        code: z.enum(issueTypes),
        details: z.strictObject({ text: z.string().describe("What happened, the same at each time.") }),
        diagnostics: z.string().describe("The server's own words where it has any; else what happened and what to do."),
      }),
    )
    .min(1),
});

export type OutcomeBody = z.infer<typeof outcomeBody>;

interface ProblemOptions extends ErrorOptions {
  status: number;
  /** FHIR R4's issue type, the nearest to what happened. */
  issue: (typeof issueTypes)[number];
  /** For the caller only: it may repeat what was asked. */
  detail: string;
  /** When asking again may help. */
  retryAfterMs?: number | undefined;
  /** Further members of the problem (RFC 9457, 3.2). */
  members?: Pick<ProblemBody, "candidates">;
}

/** A call that ends without its answer. The message is the title: it names nobody, and is logged. */
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
    this.detail = options.detail;
    this.retryAfterMs = options.retryAfterMs;
    this.members = options.members ?? {};
  }
}

/** A fault of a call as its caller is told of it. What nobody foresaw is a 500 without words of its own. */
export function problemOf(cause: unknown): ApiProblem {
  if (cause instanceof ApiProblem) return cause;
  if (cause instanceof ReadRefused) return refusedRead(cause);
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
  // Neither is the caller's doing, whose own credentials are good.
  if (cause instanceof AccessRefused || cause instanceof OriginRefused) {
    const title = "IntegraConnect did not serve the bridge";
    return new ApiProblem(title, { status: 502, issue: "exception", detail: cause.message, cause });
  }
  const detail = "The bridge failed. Its operator finds the cause in the log, by the request's id.";
  return new ApiProblem("Unexpected", { status: 500, issue: "exception", detail, cause });
}

const defaultRetryMs = 5_000;

const readProblems: Record<ReadRefusal, { title: string; issue: ProblemOptions["issue"] }> = {
  "invalid-parameter": { title: "IntegraConnect does not take these search parameters", issue: "invalid" },
  "invalid-value": { title: "IntegraConnect does not take a value of these search parameters", issue: "invalid" },
  forbidden: { title: "The bridge's user may not see this", issue: "forbidden" },
  "not-found": { title: "IntegraConnect knows no such resource", issue: "not-found" },
  other: { title: "IntegraConnect refused the request", issue: "exception" },
};

/** Under the server's own status, where the guide gives it a meaning. */
function refusedRead(cause: ReadRefused): ApiProblem {
  const { title, issue } = readProblems[cause.refusal];
  const detail = cause.diagnostics === "" ? `${title} (HTTP ${cause.status})` : cause.diagnostics;
  return new ApiProblem(title, { status: cause.refusal === "other" ? 502 : cause.status, issue, detail, cause });
}
