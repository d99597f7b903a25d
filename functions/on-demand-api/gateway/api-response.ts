import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { ApiProblem, type OutcomeBody, type ProblemBody } from "#on-demand-api/language/api-problem.ts";
import type { ServedForm } from "#on-demand-api/language/document-forms.ts";

/** The response to a call. */
export interface ApiResponse {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  /** The CCD request that the call created, for the record of the call. */
  ccdRequestId?: string;
  /** The export that the call created, for the record of the call. */
  exportId?: string;
  /** The link that the call was about, for the record of the call. */
  linkId?: string;
  /** The form in which a document was served, for the record of the call. */
  form?: ServedForm;
  /** Cookies to set, each as the value of a `Set-Cookie` header. */
  cookies?: string[];
}

/**
 * Bytes. Lambda limits a response to 6 MiB after Base64 encoding (AWS Lambda, "Quotas"). The limit here is lower because the
 * headers count as well.
 */
const largestBody = 4_600_000;

/**
 * A response in API Gateway's format. The body is in Base64, so that API Gateway passes its bytes on unchanged.
 * @throws ApiProblem if the body is larger than Lambda can return
 */
export function gatewayResult({ status, headers, body, cookies }: ApiResponse): APIGatewayProxyStructuredResultV2 {
  if (body.length > largestBody) {
    const detail = `The response has ${body.length} bytes; the limit is ${largestBody}. Request fewer resources at a time (_count).`;
    throw new ApiProblem("The response is too large", { status: 502, issue: "too-long", detail });
  }
  return {
    statusCode: status,
    headers: { "cache-control": "no-store", "x-content-type-options": "nosniff", ...headers },
    body: body.toString("base64"),
    isBase64Encoded: true,
    ...(cookies !== undefined && { cookies }),
  };
}

/**
 * The response to a failed call: an OperationOutcome below /fhir, elsewhere a problem (RFC 9457).
 * @param route the route's key
 */
export function problemResponse(problem: ApiProblem, route: string, requestId: string): ApiResponse {
  const { status, issue: code, message: title, detail, retryAfterMs, members } = problem;
  const forFhir = / \/fhir\//.test(route);
  const content: OutcomeBody | ProblemBody = forFhir
    ? {
        resourceType: "OperationOutcome",
        issue: [{ severity: "error", code, details: { text: title }, diagnostics: detail }],
      }
    : { type: "about:blank", title, status, detail, requestId, ...members };
  return {
    status,
    headers: {
      "content-type": forFhir ? "application/fhir+json" : "application/problem+json",
      // An OperationOutcome has no member for the id of the call.
      "x-request-id": requestId,
      ...(retryAfterMs !== undefined && { "retry-after": String(Math.ceil(retryAfterMs / 1000)) }),
    },
    body: Buffer.from(JSON.stringify(content)),
  };
}
