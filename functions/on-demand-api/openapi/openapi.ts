import { createDocument, type ZodOpenApiPathsObject, type ZodOpenApiSecuritySchemeObject } from "zod-openapi";
import { type ApiRouteKey, apiRoutes } from "#on-demand-api/language/api-routes.ts";
import { operations } from "./operations.ts";
import { headers, schemas } from "./responses.ts";

/**
 * The API as OpenAPI 3.1 describes it. The schemas that check requests and shape responses also make the description.
 *
 * Source: OpenAPI Specification 3.1.1.
 */
export function openApiDocument(): Record<string, unknown> {
  const paths: ZodOpenApiPathsObject = {};
  for (const [key, operation] of Object.entries(operations)) {
    const [method = "", path = ""] = key.split(" ");
    const { open } = apiRoutes[key as ApiRouteKey];
    paths[path] = {
      ...paths[path],
      [method.toLowerCase()]: {
        operationId: operationId(method, path),
        ...(open && { security: [] }),
        ...operation,
      },
    };
  }
  const document = createDocument(
    {
      openapi: "3.1.0",
      info: {
        title: "integra-bridge on demand",
        version: "1",
        description:
          "Read patients, their resources and their CCDs from IntegraConnect on demand, and run bulk exports. Errors are problem details (RFC 9457); " +
          "below /fhir they are OperationOutcomes. A stage accepts AWS signatures, tokens or both.",
      },
      servers: [{ url: ".", description: "The URL of this description" }],
      security: [{ sigv4: [] }, { token: [] }],
      paths,
      components: { securitySchemes, headers, schemas },
    },
    {
      override: ({ jsonSchema, io }) => {
        // The format says the same in a tenth of the pattern's length.
        if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
        // These bounds are JavaScript's, not the API's.
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
        if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
        // Responses may get further fields in a later version.
        if (io === "output") delete jsonSchema.additionalProperties;
      },
    },
  );
  return { ...document };
}

/** docs/openapi.json. */
export const renderOpenApi = (): string => `${JSON.stringify(openApiDocument(), null, 2)}\n`;

/** `getFhirPatient` */
function operationId(method: string, path: string): string {
  const words = path.split(/[^A-Za-z]+/).filter((word) => word !== "");
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

const securitySchemes: Record<string, ZodOpenApiSecuritySchemeObject> = {
  sigv4: {
    type: "apiKey",
    name: "Authorization",
    in: "header",
    description: "AWS Signature Version 4, for the service execute-api. The default of each stage.",
    "x-amazon-apigateway-authtype": "awsSigv4",
  },
  token: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description:
      "Required if the stage's setting `api.jwt` names an issuer. The token must have `iss`, `sub` and `exp`. If its setting " +
      "`api.jwt.besideSignatures` is true, signed calls are accepted as well, and each path of a call with a token begins with `/jwt`.",
  },
};
