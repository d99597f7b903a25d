import { type ApiRouteKey, apiRoutes } from "#on-demand-api/language/api-routes.ts";
import { faults, headers } from "./answers.ts";
import { schemas } from "./json-schemas.ts";
import { operations } from "./operations.ts";

/**
 * The API as OpenAPI 3.1 describes it, made from the schemas that its requests are checked against and its answers are
 * made by.
 *
 * Source: OpenAPI Specification 3.1.1.
 */
export function openApiDocument(): Record<string, unknown> {
  const paths: Record<string, Record<string, object>> = {};
  for (const [key, { answers, ...operation }] of Object.entries(operations)) {
    const [method = "", path = ""] = key.split(" ");
    const { open } = apiRoutes[key as ApiRouteKey];
    paths[path] = {
      ...paths[path],
      [method.toLowerCase()]: {
        operationId: operationId(method, path),
        ...operation,
        ...(open && { security: [] }),
        responses: answers,
      },
    };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "integra-bridge on demand",
      version: "1",
      description:
        "Patients, their resources and their CCDs from IntegraConnect. Errors are problems, below /fhir OperationOutcomes. " +
        "A stage takes either signatures or tokens.",
    },
    servers: [{ url: ".", description: "Where this description is" }],
    security: [{ sigv4: [] }, { token: [] }],
    paths,
    components: { securitySchemes, headers, responses: faults, schemas },
  };
}

/** docs/openapi.json. */
export const renderOpenApi = (): string => `${JSON.stringify(openApiDocument(), null, 2)}\n`;

/** `getFhirPatient` */
function operationId(method: string, path: string): string {
  const words = path.split(/[^A-Za-z]+/).filter((word) => word !== "");
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

const securitySchemes = {
  sigv4: {
    type: "apiKey",
    name: "Authorization",
    in: "header",
    description: "AWS Signature Version 4, for the service execute-api. The default of a stage.",
    "x-amazon-apigateway-authtype": "awsSigv4",
  },
  token: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "Where the stage's setting `api.jwt` names an issuer. The token needs `iss`, `sub` and `exp`.",
  },
};
