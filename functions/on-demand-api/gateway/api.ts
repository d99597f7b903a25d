import type { APIGatewayProxyStructuredResultV2, Context } from "aws-lambda";
import * as z from "zod";
import { ccdRequestId } from "#ccd-retrieval/language/ccd-request.ts";
import type { ApiAccess } from "#on-demand-api/language/access-record.ts";
import { problemOf } from "#on-demand-api/language/api-problem.ts";
import { fhirResourceType } from "#on-demand-api/language/fhir-resource-types.ts";
import { logger } from "#platform/lambda/log.ts";
import { describeError } from "#platform/lambda/step.ts";
import type { AccessRecords } from "./access-records.ts";
import { type ApiAnswer, asGatewayResult, problemAnswer } from "./api-answer.ts";
import { type CallerRules, callerOf } from "./api-caller.ts";

/** A call of a route that is not open: who calls is known. */
export interface ApiRequest {
  /** The route's key: `GET /fhir/{resourceType}`. */
  route: string;
  /** The IAM principal's ARN, with or without its session, or the JWT's issuer and subject. */
  caller: string;
  /** What stands for the route's placeholders. */
  path: Record<string, string>;
  /** As it came, without the `?`. */
  queryString: string;
  /** By lower-case names. */
  headers: Record<string, string>;
  body: Buffer;
}

export type ApiHandler = (request: ApiRequest, context: { signal: AbortSignal }) => Promise<ApiAnswer>;

/** What an API function is made of. */
export interface ApiParts {
  handle: ApiHandler;
  accesses: AccessRecords;
  rules: CallerRules;
  now: () => number;
}

/** Time to put a fault into words before API Gateway gives up. */
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
 * Makes a handler of API routes a Lambda handler: built once per container; callers that the authorizer did not name are
 * refused; faults become problems; each call is recorded, whatever came of it, before its answer is given: what cannot be
 * recorded is not answered. The log has the route and the status, never a path, a query or a body.
 *
 * Source: API Gateway, "Working with AWS Lambda proxy integrations for HTTP APIs", payload format 2.0.
 */
export function api(
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
      const { caller, made, result } = await answered(parts, call, context);
      const status = result.statusCode ?? 200;
      const at = new Date(parts.now()).toISOString();
      await parts.accesses.append({
        version: "1",
        requestId,
        caller,
        route,
        ...accessedBy(call, made),
        at,
        status,
      });
      logger.info("answered", { status });
      return result;
    } catch (error) {
      logger.error("the call could not be recorded", { error: describeError(error) });
      return asGatewayResult(problemAnswer(problemOf(error), route, requestId));
    } finally {
      logger.resetKeys();
    }
  };
}

async function answered(
  { handle, rules }: ApiParts,
  call: HttpEvent,
  context: Context,
): Promise<{ caller: string | null; made: string | undefined; result: APIGatewayProxyStructuredResultV2 }> {
  const { routeKey: route, requestContext } = call;
  let caller: string | null = null;
  try {
    const { identity, principal } = callerOf(requestContext.authorizer, rules);
    caller = principal;
    const signal = AbortSignal.timeout(Math.max(context.getRemainingTimeInMillis() - graceMs, 1_000));
    const answer = await handle(requestOf(call, identity), { signal });
    return { caller, made: answer.ccdRequestId, result: asGatewayResult(answer) };
  } catch (error) {
    const problem = problemOf(error);
    if (problem.status >= 500) logger.error("the call failed", { error: describeError(error) });
    const result = asGatewayResult(problemAnswer(problem, route, requestContext.requestId));
    return { caller, made: undefined, result };
  }
}

/** What a call was for, as far as it names nobody: a path may hold anything, so only what we know is taken from it. */
function accessedBy(
  { routeKey, pathParameters }: HttpEvent,
  made: string | undefined,
): Pick<ApiAccess, "resourceType" | "ccdRequestId" | "document"> {
  const { resourceType, id, number } = pathParameters ?? {};
  const forCcds = routeKey.includes(" /ccd-requests");
  const patients = /\/Patient\b/.test(routeKey) ? "Patient" : undefined;
  return {
    resourceType: fhirResourceType.safeParse(resourceType ?? patients).data ?? null,
    ccdRequestId: ccdRequestId.safeParse(forCcds ? (made ?? id) : undefined).data ?? null,
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
