import type { APIGatewayProxyStructuredResultV2, Context } from "aws-lambda";
import * as z from "zod";
import { ccdRequestId } from "#ccd-retrieval/language/ccd-request.ts";
import type { ApiAccess } from "#on-demand-api/language/access-record.ts";
import { problemOf } from "#on-demand-api/language/api-problem.ts";
import { fhirResourceType } from "#on-demand-api/language/fhir-resource-types.ts";
import { apiLog } from "#on-demand-api/log.ts";
import { logger } from "#platform/lambda/log.ts";
import { describeError } from "#platform/lambda/step.ts";
import type { AccessRecords } from "./access-records.ts";
import { type CallerRules, callerOf } from "./api-caller.ts";
import { type ApiResponse, gatewayResult, problemResponse } from "./api-response.ts";

/** A call of a route that needs credentials, by a caller who is known. */
export interface ApiRequest {
  /** The route's key: `GET /fhir/{resourceType}`. */
  route: string;
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
export interface ApiParts {
  handle: ApiHandler;
  accessRecords: AccessRecords;
  rules: CallerRules;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Time to write the response to a timed-out call before API Gateway stops waiting. */
const graceMs = 1_500;

const httpEvent = z.object({
  routeKey: z.string(),
  rawQueryString: z.string().default(""),
  headers: z.record(z.string(), z.string()).default({}),
  pathParameters: z.record(z.string(), z.string()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().default(false),
  requestContext: z.object({ requestId: z.string(), authorizer: z.unknown().optional() }),
});

type HttpEvent = z.infer<typeof httpEvent>;

const documentNumber = z
  .string()
  .regex(/^[1-9]\d{0,5}$/)
  .transform(Number);

/**
 * Makes a Lambda handler of a handler of API routes. It builds the parts once per container. It refuses callers that the
 * authorizer did not identify, and turns errors into problems. It records each call in the audit trail before it responds,
 * whatever the result: a call that cannot be recorded gets no result. The log has the route and the status, never a path, a
 * query or a body.
 *
 * Source: API Gateway, "Working with AWS Lambda proxy integrations for HTTP APIs", payload format 2.0.
 */
export function lambdaHandler(
  build: () => ApiParts,
): (event: unknown, context: Context) => Promise<APIGatewayProxyStructuredResultV2> {
  let parts: ApiParts | undefined;
  return async (event, context) => {
    const call = httpEvent.parse(event);
    const { routeKey: route, requestContext } = call;
    const { requestId } = requestContext;
    logger.addContext(context);
    logger.appendKeys({ route, requestId });
    try {
      parts ??= build();
      const { caller, createdRequestId, result } = await answerCall(parts, call, context);
      const status = result.statusCode ?? 200;
      const at = new Date(parts.now()).toISOString();
      await parts.accessRecords.append({
        version: "1",
        requestId,
        caller,
        route,
        ...accessedData(call, createdRequestId),
        at,
        status,
      });
      apiLog.info("API_CALL_ANSWERED", { status });
      return result;
    } catch (error) {
      apiLog.error("API_CALL_UNRECORDED", { error: describeError(error) });
      return gatewayResult(problemResponse(problemOf(error), route, requestId));
    } finally {
      logger.resetKeys();
    }
  };
}

/** The result of a call, and what its access record needs. */
interface AnsweredCall {
  caller: string | null;
  createdRequestId: string | undefined;
  result: APIGatewayProxyStructuredResultV2;
}

async function answerCall({ handle, rules }: ApiParts, call: HttpEvent, context: Context): Promise<AnsweredCall> {
  const { routeKey: route, requestContext } = call;
  let caller: string | null = null;
  try {
    const { identity, principal } = callerOf(requestContext.authorizer, rules);
    caller = principal;
    const signal = AbortSignal.timeout(Math.max(context.getRemainingTimeInMillis() - graceMs, 1_000));
    const response = await handle(requestOf(call, identity), { signal });
    return { caller, createdRequestId: response.ccdRequestId, result: gatewayResult(response) };
  } catch (error) {
    const problem = problemOf(error);
    if (problem.status >= 500) apiLog.error("API_CALL_FAILED", { status: problem.status, error: describeError(error) });
    const result = gatewayResult(problemResponse(problem, route, requestContext.requestId));
    return { caller, createdRequestId: undefined, result };
  }
}

/**
 * The data that a call was about, without anything that may identify a patient. A path may hold any text, so only known
 * types, ids of our form and numbers are taken from it.
 */
function accessedData(
  { routeKey, pathParameters }: HttpEvent,
  createdRequestId: string | undefined,
): Pick<ApiAccess, "resourceType" | "ccdRequestId" | "document"> {
  const { resourceType, id, number } = pathParameters ?? {};
  const forCcds = routeKey.includes(" /ccd-requests");
  const patients = /\/Patient\b/.test(routeKey) ? "Patient" : undefined;
  return {
    resourceType: fhirResourceType.safeParse(resourceType ?? patients).data ?? null,
    ccdRequestId: ccdRequestId.safeParse(forCcds ? (createdRequestId ?? id) : undefined).data ?? null,
    document: documentNumber.safeParse(number).data ?? null,
  };
}

function requestOf(call: HttpEvent, caller: string): ApiRequest {
  const headers = Object.entries(call.headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    route: call.routeKey,
    caller,
    path: call.pathParameters ?? {},
    queryString: call.rawQueryString,
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: Buffer.from(call.body ?? "", call.isBase64Encoded ? "base64" : "utf8"),
  };
}
