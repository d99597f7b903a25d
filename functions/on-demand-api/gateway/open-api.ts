import type { Context } from "aws-lambda";
import { apiLog } from "#on-demand-api/log.ts";
import { describeError } from "#platform/faults/describe-error.ts";
import { type ApiResponse, gatewayResult } from "./api-response.ts";
import { type CallContent, contentOf, type HttpEvent } from "./http-event.ts";
import {
  type AnsweredCall,
  type GatewayHandler,
  type RecordedParts,
  recordedHandler,
  timeSignal,
} from "./recorded-calls.ts";

/** A call of an open route, by a browser whose user is not known. */
export interface OpenRequest extends CallContent {
  /** The route's key: `GET /connect/{token}`. */
  route: string;
  /** The values of all cookies with this name, in the order of the browser. */
  cookies: (name: string) => string[];
}

/** Answers calls of open routes. */
export type OpenHandler = (request: OpenRequest, context: { signal: AbortSignal }) => Promise<ApiResponse>;

/** The parts of a function with open routes. */
export interface OpenParts extends RecordedParts {
  handle: OpenHandler;
}

/**
 * Makes a Lambda handler of a handler of open routes. Each call is recorded without a caller (`recorded-calls.ts`).
 * @param faultPage what a browser shows if a call fails
 */
export function openHandler(build: () => OpenParts, faultPage: (error: unknown) => ApiResponse): GatewayHandler {
  return recordedHandler(build, {
    answer: async ({ handle }: OpenParts, call: HttpEvent, context: Context): Promise<AnsweredCall> => {
      try {
        const response = await handle(requestOf(call), { signal: timeSignal(context) });
        return { caller: null, response, result: gatewayResult(response) };
      } catch (error) {
        const page = faultPage(error);
        if (page.status >= 500) apiLog.error("API_CALL_FAILED", { status: page.status, error: describeError(error) });
        return { caller: null, response: undefined, result: gatewayResult(page) };
      }
    },
    failed: (error) => gatewayResult(faultPage(error)),
  });
}

function requestOf(call: HttpEvent): OpenRequest {
  const pairs = call.cookies.map((pair) => pair.trim().split(/=(.*)/s));
  return {
    route: call.routeKey,
    ...contentOf(call),
    cookies: (name) => pairs.flatMap(([known, value]) => (known === name && value !== undefined ? [value] : [])),
  };
}
