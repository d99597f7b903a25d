import * as z from "zod";
import { caughtFailure, explanation } from "#platform/executions/explained-failure.ts";
import { ccdRequestId } from "./ccd-request.ts";

/*
 * The language of state-machines/ccd-retrieval.asl.json. State is readable in the execution history: it names requests,
 * and never a patient, a URL or a token. What a request is for stands in its record.
 */

const epochSeconds = z.number().int().nonnegative();
const nextTry = { waitSeconds: z.number().int().nonnegative(), nextAt: epochSeconds };
const tries = z.number().int().positive();

/** `$.request`: the execution's name is the request's id. */
const namedRequest = z.strictObject({ requestId: ccdRequestId, startedAt: z.iso.datetime({ offset: true }) });

/** `$.request`, once its record was found: it stays the same to the end. */
export const ccdContext = z.strictObject({
  ...namedRequest.shape,
  /** The user session under which the server is asked. */
  sessionId: z.string(),
  deadlineAt: epochSeconds,
});
export type CcdContext = z.infer<typeof ccdContext>;

export const openCcdInput = z.object({ request: namedRequest });
export type OpenCcdInput = z.infer<typeof openCcdInput>;

/** `$.lease`: whether the session is ours. */
export const sessionLease = z.strictObject({ outcome: z.enum(["ours", "waiting"]), ...nextTry, tries });
export type SessionLease = z.infer<typeof sessionLease>;

export const sessionLeaseInput = z.object({ request: ccdContext, lease: sessionLease.optional() });
export type SessionLeaseInput = z.infer<typeof sessionLeaseInput>;

/** `$.order`: what the server said to the request. */
export const ccdOrderResult = z.strictObject({
  /**
   * `accepted`: the server works on our request. `unfinished`: it works on one that is ours as well, whose execution
   * ended. `foreign`: on one that is not ours, or not known to be. `busy`: it said nothing that counts.
   */
  outcome: z.enum(["accepted", "unfinished", "foreign", "busy"]),
  ...nextTry,
  tries,
  /** Answers in a row that told nothing. */
  troubles: z.number().int().nonnegative(),
  /** Whose documents are to be fetched next; null where nobody's are. */
  fetchFor: ccdRequestId.nullable(),
});
export type CcdOrderResult = z.infer<typeof ccdOrderResult>;

export const requestCcdsInput = z.object({ request: ccdContext, order: ccdOrderResult.optional() });
export type RequestCcdsInput = z.infer<typeof requestCcdsInput>;

/** `$.fetch` */
export const ccdFetch = z.strictObject({
  /** `other-done`: those were the documents of the unfinished request, and it has its end. */
  outcome: z.enum(["ready", "not-ready", "other-done"]),
  ...nextTry,
  tries,
  troubles: z.number().int().nonnegative(),
  /** ZIPs without entries in a row. */
  emptyZips: z.number().int().nonnegative(),
  /** Whose documents were asked for. */
  requestId: ccdRequestId,
});
export type CcdFetch = z.infer<typeof ccdFetch>;

export const fetchCcdsInput = z.object({ request: ccdContext, order: ccdOrderResult, fetch: ccdFetch.optional() });
export type FetchCcdsInput = z.infer<typeof fetchCcdsInput>;

/** `$.release` */
export const sessionRelease = z.strictObject({ released: z.boolean() });
export type SessionRelease = z.infer<typeof sessionRelease>;

export const releaseSessionInput = z.object({ request: ccdContext });
export type ReleaseSessionInput = z.infer<typeof releaseSessionInput>;

export const announceCcdsInput = z.object({ request: ccdContext });
export type AnnounceCcdsInput = z.infer<typeof announceCcdsInput>;

/** The request may not have been opened yet: what a Fail needs of it is its name. */
export const failCcdsInput = z.object({ request: z.object({ requestId: z.string() }), failure: caughtFailure });
export type FailCcdsInput = z.infer<typeof failCcdsInput>;

/** `$.failed`: what the Fail state shows. */
export const ccdsFailed = explanation;
