import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { gatewayResult } from "#on-demand-api/gateway/api-response.ts";
import { renderOpenApi } from "./openapi.ts";

const result = gatewayResult({
  status: 200,
  headers: { "content-type": "application/json", "cache-control": "public, max-age=300" },
  body: Buffer.from(renderOpenApi()),
});

/** Returns the same description to every caller. */
export const handler = (): Promise<APIGatewayProxyStructuredResultV2> => Promise.resolve(result);
