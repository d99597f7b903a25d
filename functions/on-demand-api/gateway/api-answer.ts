import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { ApiProblem, type OutcomeBody, type ProblemBody } from "#on-demand-api/language/api-problem.ts";

/** What a caller gets. */
export interface ApiAnswer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  /** The request for CCDs that was made, for the record of the call. */
  ccdRequestId?: string;
}

/** Lambda's limit of 6 MiB on an answer is counted after Base64 (AWS Lambda, "Quotas"); some room is for the headers. */
const largestBody = 4_600_000;

/**
 * An answer as API Gateway takes it. In Base64, so that no byte of the body is anybody's to interpret on the way.
 * @throws ApiProblem where it is larger than Lambda hands over
 */
export function asGatewayResult({ status, headers, body }: ApiAnswer): APIGatewayProxyStructuredResultV2 {
  if (body.length > largestBody) {
    const detail = `The answer has ${body.length} bytes, more than ${largestBody}: ask for fewer at a time (_count).`;
    throw new ApiProblem("The answer is too large", { status: 502, issue: "too-long", detail });
  }
  return {
    statusCode: status,
    headers: { "cache-control": "no-store", "x-content-type-options": "nosniff", ...headers },
    body: body.toString("base64"),
    isBase64Encoded: true,
  };
}

/**
 * A problem as its caller gets it: below /fhir an OperationOutcome, elsewhere RFC 9457's problem object.
 * @param route the route's key
 */
export function problemAnswer(problem: ApiProblem, route: string, requestId: string): ApiAnswer {
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
      // An OperationOutcome has no place of its own for it.
      "x-request-id": requestId,
      ...(retryAfterMs !== undefined && { "retry-after": String(Math.ceil(retryAfterMs / 1000)) }),
    },
    body: Buffer.from(JSON.stringify(content)),
  };
}
