import type { APIGatewayProxyStructuredResultV2, Context } from "aws-lambda";
import * as z from "zod";
import { exportId } from "#bulk-export/language/export-id.ts";
import { ccdRequestId } from "#ccd-retrieval/language/ccd-request-id.ts";
import type { ApiAccess } from "#on-demand-api/language/access-record.ts";
import { linkHeader } from "#on-demand-api/language/call-headers.ts";
import { fhirResourceType } from "#on-demand-api/language/fhir-resource-types.ts";
import { apiLog } from "#on-demand-api/log.ts";
import { describeError } from "#platform/faults/describe-error.ts";
import { logger } from "#platform/lambda/log.ts";
import { linkId } from "#user-session/language/link-id.ts";
import type { AccessRecords } from "./access-records.ts";
import type { ApiResponse } from "./api-response.ts";
import { contentOf, type HttpEvent, httpEvent } from "./http-event.ts";

export type GatewayHandler = (event: unknown, context: Context) => Promise<APIGatewayProxyStructuredResultV2>;

/** The parts by which calls are recorded. */
export interface RecordedParts {
  accessRecords: AccessRecords;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** The result of a call, and what its access record needs. */
export interface AnsweredCall {
  /** The principal; null if none is known. */
  caller: string | null;
  /** Undefined if the call failed. */
  response: Pick<ApiResponse, "ccdRequestId" | "exportId" | "linkId" | "form"> | undefined;
  result: APIGatewayProxyStructuredResultV2;
}

/**
 * Makes a Lambda handler that builds its parts once per container. It records each call in the audit trail before it responds,
 * whatever the result: a call that cannot be recorded gets no result. The log has the route and the status, never a path, a query
 * or a body.
 */
export function recordedHandler<Parts extends RecordedParts>(
  build: () => Parts,
  calls: {
    /** Answers a call, failed ones too. */
    answer: (parts: Parts, call: HttpEvent, context: Context) => Promise<AnsweredCall>;
    /** The result of a call that could not be recorded, or for which the parts could not be built. */
    failed: (error: unknown, call: HttpEvent) => APIGatewayProxyStructuredResultV2;
  },
): GatewayHandler {
  let parts: Parts | undefined;
  return async (event, context) => {
    const call = httpEvent.parse(event);
    const { routeKey: route, requestContext } = call;
    const { requestId } = requestContext;
    logger.addContext(context);
    logger.appendKeys({ route, requestId });
    try {
      parts ??= build();
      const { caller, response, result } = await calls.answer(parts, call, context);
      const status = result.statusCode ?? 200;
      const at = new Date(parts.now()).toISOString();
      const accessed = accessedData(call, response);
      await parts.accessRecords.append({ version: "1", requestId, caller, route, ...accessed, at, status });
      apiLog.info("API_CALL_ANSWERED", { status });
      return result;
    } catch (error) {
      apiLog.error("API_CALL_UNRECORDED", { error: describeError(error) });
      return calls.failed(error, call);
    } finally {
      logger.resetKeys();
    }
  };
}

/** Time to write the response to a timed-out call before API Gateway stops waiting. */
const graceMs = 1_500;

/** A signal that aborts shortly before API Gateway stops waiting. */
export function timeSignal(context: Context): AbortSignal {
  return AbortSignal.timeout(Math.max(context.getRemainingTimeInMillis() - graceMs, 1_000));
}

const fileNumber = z
  .string()
  .regex(/^[1-9]\d{0,5}$/)
  .transform(Number);

/**
 * The data that a call was about, without anything that may identify a patient. A path may hold any text, so only known
 * types, ids of our form and numbers are taken from it.
 */
function accessedData(
  call: HttpEvent,
  response: AnsweredCall["response"],
): Pick<ApiAccess, "resourceType" | "ccdRequestId" | "document" | "form" | "linkId" | "exportId" | "file"> {
  const { routeKey } = call;
  const { path, headers } = contentOf(call);
  const { resourceType, id, number, token } = path;
  const forCcds = routeKey.includes(" /ccd-requests");
  const forExports = routeKey.includes(" /exports");
  const file = fileNumber.safeParse(number).data ?? null;
  const ofExport = exportId.safeParse(response?.exportId ?? id).data;
  const patients = /\/Patient\b/.test(routeKey) ? "Patient" : undefined;
  // The token of a one-time URL begins with the link's id.
  const ofRoute = routeKey.includes(" /links") ? id : (token?.split(".", 1)[0] ?? headers[linkHeader]);
  return {
    resourceType: fhirResourceType.safeParse(resourceType ?? patients).data ?? null,
    ccdRequestId: ccdRequestId.safeParse(forCcds ? (response?.ccdRequestId ?? id) : undefined).data ?? null,
    document: forExports ? null : file,
    ...(forExports && ofExport !== undefined && { exportId: ofExport }),
    ...(forExports && file !== null && { file }),
    ...(response?.form !== undefined && { form: response.form }),
    linkId: linkId.safeParse(response?.linkId ?? ofRoute).data ?? null,
  };
}
