import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { asGatewayResult } from "#on-demand-api/gateway/api-answer.ts";
import { renderOpenApi } from "./openapi.ts";

const answer = asGatewayResult({
  status: 200,
  headers: { "content-type": "application/json", "cache-control": "public, max-age=300" },
  body: Buffer.from(renderOpenApi()),
});

/** The same for everybody, whoever asks. */
export const handler = (): Promise<APIGatewayProxyStructuredResultV2> => Promise.resolve(answer);
