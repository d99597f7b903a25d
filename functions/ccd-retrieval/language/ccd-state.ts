import * as z from "zod";
import { caughtFailure, explanation } from "#platform/executions/explained-failure.ts";
import { ccdRequestId } from "./ccd-request-id.ts";

/*
 * The state of state-machines/ccd-retrieval.asl.json. Every reader of the execution history can read it, so it names CCD
 * requests, and never a patient, a URL or a token. The record of a CCD request says what the request is for.
 */

const epochSeconds = z.number().int().nonnegative();
const nextAttempt = { waitSeconds: z.number().int().nonnegative(), nextAt: epochSeconds };
const attempts = z.number().int().positive();
const failuresInARow = z.number().int().nonnegative();

/** `$.request`, as the first state writes it: the execution's name is the request's id. */
const namedRequest = z.strictObject({ requestId: ccdRequestId, startedAt: z.iso.datetime({ offset: true }) });

/** `$.request`, from the step `open-ccd-request` to the end of the execution. */
export const ccdContext = z.strictObject({
  ...namedRequest.shape,
  /** The user session that makes the server request. */
  sessionId: z.string(),
  deadlineAt: epochSeconds,
});
export type CcdContext = z.infer<typeof ccdContext>;

export const openCcdRequestInput = z.object({ request: namedRequest });
export type OpenCcdRequestInput = z.infer<typeof openCcdRequestInput>;

/** `$.lease`: whether this CCD request holds the session's lease. */
export const sessionLease = z.strictObject({
  outcome: z.enum(["ours", "waiting"]),
  ...nextAttempt,
  tries: attempts,
});
export type SessionLease = z.infer<typeof sessionLease>;

export const takeSessionLeaseInput = z.object({ request: ccdContext, lease: sessionLease.optional() });
export type TakeSessionLeaseInput = z.infer<typeof takeSessionLeaseInput>;

/** `$.order`: what came of the last attempt to make the server request. */
export const serverRequestResult = z.strictObject({
  /**
   * - `accepted`: the server works on our CCD request.
   * - `unfinished`: it works on another CCD request of ours, whose execution has ended.
   * - `foreign`: it works on a request that is not ours, or cannot be proved to be ours.
   * - `busy`: it gave no usable answer.
   */
  outcome: z.enum(["accepted", "unfinished", "foreign", "busy"]),
  ...nextAttempt,
  tries: attempts,
  /** Attempts in a row without a usable answer. */
  troubles: failuresInARow,
  /** The CCD request whose documents the bridge fetches next; null if it fetches none. */
  fetchFor: ccdRequestId.nullable(),
});
export type ServerRequestResult = z.infer<typeof serverRequestResult>;

export const requestCcdsInput = z.object({ request: ccdContext, order: serverRequestResult.optional() });
export type RequestCcdsInput = z.infer<typeof requestCcdsInput>;

/** `$.fetch`: what came of the last attempt to fetch documents. */
export const fetchResult = z.strictObject({
  /** `other-done`: the documents were those of the unfinished CCD request, and that request has ended now. */
  outcome: z.enum(["ready", "not-ready", "other-done"]),
  ...nextAttempt,
  tries: attempts,
  /** Attempts in a row without a usable answer. */
  troubles: failuresInARow,
  /** ZIPs without entries in a row. */
  emptyZips: z.number().int().nonnegative(),
  /** The CCD request whose documents the bridge tried to fetch. */
  requestId: ccdRequestId,
});
export type FetchResult = z.infer<typeof fetchResult>;

export const fetchCcdsInput = z.object({
  request: ccdContext,
  order: serverRequestResult,
  fetch: fetchResult.optional(),
});
export type FetchCcdsInput = z.infer<typeof fetchCcdsInput>;

export const announceCcdsInput = z.object({ request: ccdContext });
export type AnnounceCcdsInput = z.infer<typeof announceCcdsInput>;

/** The step needs only the id: the failure may have happened before the request was opened. */
export const failCcdsInput = z.object({ request: z.object({ requestId: z.string() }), failure: caughtFailure });
export type FailCcdsInput = z.infer<typeof failCcdsInput>;

/** `$.failed`: what the Fail state shows. */
export const ccdsFailed = explanation;
