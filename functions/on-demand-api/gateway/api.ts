import type { Context } from "aws-lambda";
import { problemOf } from "#on-demand-api/language/api-problem.ts";
import { apiLog } from "#on-demand-api/log.ts";
import { describeError } from "#platform/faults/describe-error.ts";
import { type CallerRules, callerOf } from "./api-caller.ts";
import { type ApiResponse, gatewayResult, problemResponse } from "./api-response.ts";
import { contentOf, type HttpEvent } from "./http-event.ts";
import {
  type AnsweredCall,
  type GatewayHandler,
  type RecordedParts,
  recordedHandler,
  timeSignal,
} from "./recorded-calls.ts";

/** A call of a route that needs credentials, by a caller who is known. */
export interface ApiRequest {
  /** The route's key: `GET /fhir/{resourceType}`. */
  route: string;
  /** API Gateway's id of the call. */
  callId: string;
  /** The ARN of the IAM principal, with or without its session, or the issuer and subject of the JWT. */
  caller: string;
  /** The values of the route's placeholders. */
  path: Record<string, string>;
  /** As received, without the `?`. */
  queryString: string;
  /** By lower-case names. */
  headers: Record<string, string>;
  body: Buffer;
}

/** Answers calls. The signal aborts shortly before API Gateway stops waiting. */
export type ApiHandler = (request: ApiRequest, context: { signal: AbortSignal }) => Promise<ApiResponse>;

/** The parts of an API function. */
export interface ApiParts extends RecordedParts {
  handle: ApiHandler;
  rules: CallerRules;
}

/**
 * Makes a Lambda handler of a handler of routes that need credentials. It refuses callers that the authorizer did not identify,
 * turns errors into problems, and records each call (`recorded-calls.ts`).
 */
export function lambdaHandler(build: () => ApiParts): GatewayHandler {
  return recordedHandler(build, {
    answer: answerCall,
    failed: (error, { routeKey, requestContext }) =>
      gatewayResult(problemResponse(problemOf(error), routeKey, requestContext.requestId)),
  });
}

async function answerCall({ handle, rules }: ApiParts, call: HttpEvent, context: Context): Promise<AnsweredCall> {
  const { routeKey: route, requestContext, byToken } = call;
  let caller: string | null = null;
  try {
    const { identity, principal } = callerOf(requestContext.authorizer, rules, byToken);
    caller = principal;
    const response = await handle(requestOf(call, identity), { signal: timeSignal(context) });
    return { caller, response, result: gatewayResult(response) };
  } catch (error) {
    const problem = problemOf(error);
    if (problem.status >= 500) apiLog.error("API_CALL_FAILED", { status: problem.status, error: describeError(error) });
    const result = gatewayResult(problemResponse(problem, route, requestContext.requestId));
    return { caller, response: undefined, result };
  }
}

function requestOf(call: HttpEvent, caller: string): ApiRequest {
  return { route: call.routeKey, callId: call.requestContext.requestId, caller, ...contentOf(call) };
}
