import * as z from "zod";
import { type ApiRouteKey, apiRoutes } from "#contracts/api-routes.ts";
import { ccdRequestAnswer, ccdRequestBody, idempotencyKey } from "#contracts/ccd-api.ts";
import { ccdRequestId } from "#contracts/ccd-request.ts";
import {
  fhirId,
  fhirResourceType,
  fhirResourceTypes,
  hasPatientParameter,
  searchParameter,
} from "#contracts/fhir-resources.ts";
import { patientSearchParameters } from "#contracts/patient-search.ts";

/** What a route does, for its callers. */
interface Operation {
  summary: string;
  description?: string;
  parameters?: object[];
  requestBody?: object;
  answers: Record<string, object>;
}

const schemaOf = (schema: z.ZodType): Record<string, unknown> => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest;
};

const patientSchema = schemaOf(patientSearchParameters);
const patientParameters = Object.entries((patientSchema["properties"] ?? {}) as Record<string, object>).map(
  ([name, schema]) => ({ name, in: "query", schema }),
);
const cursor = {
  name: "_cursor",
  in: "query",
  description: "Where a further page is: from the link `next` of the page before it. It stands alone.",
  schema: { type: "string" },
};
const resourceType = { name: "resourceType", in: "path", required: true, schema: schemaOf(fhirResourceType) };
const id = { name: "id", in: "path", required: true, schema: schemaOf(fhirId) };
const anyParameter = {
  name: "parameters",
  in: "query",
  description: "Search parameters of FHIR R4, with their modifiers: the server judges them.",
  style: "form",
  explode: true,
  schema: { type: "object", additionalProperties: schemaOf(searchParameter.shape.value) },
};

const content = (type: string, schema: string) => ({
  content: { [type]: { schema: { $ref: `#/components/schemas/${schema}` } } },
});
const page = {
  description: "A page as the server sent it, but for its links.",
  ...content("application/fhir+json", "Resource"),
};
const outcome = (description: string) => ({ description, ...content("application/fhir+json", "OperationOutcome") });
const gatewayRefusal = {
  description: "Not signed, or not permitted.",
  ...content("application/json", "GatewayMessage"),
};

const fhirFaults = {
  "400": outcome("The parameters cannot be used; the server's diagnostics (`INVALID_SEARCH_PARAMETER`)."),
  "401": outcome("The caller is not known."),
  "403": {
    description: "A value outside of its value set, or not for the bridge's user; or not permitted to call.",
    content: { ...outcome("").content, ...gatewayRefusal.content },
  },
  "404": outcome("No such resource, or no such type."),
  "502": outcome("IntegraConnect refused the bridge, or the answer is too large."),
  "503": outcome("IntegraConnect is busy, or the bridge's session has ended: the diagnostics say how to renew it."),
};

const requestId = { name: "id", in: "path", required: true, schema: schemaOf(ccdRequestId) };
const ccdRequest = (description: string) => ({ description, ...content("application/json", "CcdRequest") });
const problem = (description: string) => ({ description, ...content("application/problem+json", "Problem") });
const callerFaults = { "401": problem("The caller is not known."), "403": gatewayRefusal };

const withoutPatient = fhirResourceTypes.filter((type) => !hasPatientParameter(type) && type !== "Patient");
const combinations =
  "The guide's combinations: gender, birthdate and phone; gender, birthdate and email; each of them with given. Its " +
  "example has birthdate and family. Another name is refused here; which combinations and values are good, the server says.";

const operations: Record<ApiRouteKey, Operation> = {
  "GET /openapi.json": {
    summary: "This description",
    answers: { "200": { description: "OpenAPI 3.1", content: { "application/json": { schema: { type: "object" } } } } },
  },
  "GET /fhir/Patient": {
    summary: "Find patients",
    description: combinations,
    parameters: [...patientParameters, cursor],
    answers: { "200": page, ...fhirFaults },
  },
  "POST /fhir/Patient/_search": {
    summary: "Find patients, with nothing of theirs in a URL",
    description: `${combinations} Further pages are asked for by GET, under the links of the answer.`,
    requestBody: { required: true, content: { "application/x-www-form-urlencoded": { schema: patientSchema } } },
    answers: { "200": page, ...fhirFaults, "415": outcome("The body is not a form.") },
  },
  "GET /fhir/us-core/Patient": {
    summary: "Find patients, as US Core has them",
    description: combinations,
    parameters: [...patientParameters, cursor],
    answers: { "200": page, ...fhirFaults },
  },
  "GET /fhir/{resourceType}": {
    summary: "Search for resources of one type",
    description:
      `By \`patient\` and the type's other parameters. ${withoutPatient.join(", ")} belong to no patient and have no ` +
      "parameter `patient`.",
    parameters: [resourceType, anyParameter, cursor],
    answers: { "200": page, ...fhirFaults },
  },
  "GET /fhir/{resourceType}/{id}": {
    summary: "Read one resource",
    parameters: [resourceType, id],
    answers: { "200": { ...page, description: "The resource, byte for byte as the server sent it." }, ...fhirFaults },
  },
  "POST /ccd-requests": {
    summary: "Ask for a patient's CCDs",
    description: "By the patient's id, or by what the patient is found by: gender, birthDate, and phone or email.",
    parameters: [
      {
        name: "Idempotency-Key",
        in: "header",
        description: "The same key with the same body is the same request, however often it is sent.",
        schema: schemaOf(idempotencyKey),
      },
      {
        name: "Prefer",
        in: "header",
        description: "`wait=20`: up to so many seconds (20 at most) for the request's end.",
        schema: { type: "string" },
      },
    ],
    requestBody: { required: true, content: { "application/json": { schema: schemaOf(ccdRequestBody) } } },
    answers: {
      "200": ccdRequest("The request has ended by now."),
      "202": ccdRequest("The request is under way: look at it under `Location`."),
      "400": problem("The body, or the Idempotency-Key, cannot be used."),
      ...callerFaults,
      "404": problem("No patient matches."),
      "409": problem("More than one patient matches: `candidates` has their ids."),
      "422": problem("The Idempotency-Key came with another body before."),
      "502": problem("IntegraConnect refused the bridge, or did not search by what was asked."),
      "503": problem("IntegraConnect is busy, or the bridge's session has ended: the detail says how to renew it."),
    },
  },
  "GET /ccd-requests/{id}": {
    summary: "What became of a request, and its documents",
    parameters: [requestId],
    answers: { "200": ccdRequest("The request."), ...callerFaults, "404": problem("None of yours has this id.") },
  },
  "GET /ccd-requests/{id}/documents/{number}": {
    summary: "One document",
    parameters: [requestId, { name: "number", in: "path", required: true, schema: { type: "integer", minimum: 1 } }],
    answers: {
      "303": {
        description: "Where the document is to be read, for a minute. Whoever has the URL can read it.",
        headers: { Location: { required: true, schema: { type: "string", format: "uri" } } },
      },
      ...callerFaults,
      "404": problem("None of yours has this document, or not yet."),
    },
  },
};

/**
 * The API as OpenAPI 3.1 describes it, made from the schemas that its requests are checked against.
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
        "Patients, their resources and their CCDs from IntegraConnect. Errors are problems, below /fhir OperationOutcomes.",
    },
    servers: [{ url: ".", description: "Where this description is" }],
    security: [{ sigv4: [] }, { token: [] }],
    paths,
    components: { securitySchemes, schemas },
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

const schemas = {
  Resource: {
    type: "object",
    description: "A resource of FHIR R4; searches are answered by a Bundle, or by the one resource that was found.",
    required: ["resourceType"],
    properties: { resourceType: { type: "string" } },
  },
  OperationOutcome: {
    type: "object",
    required: ["resourceType", "issue"],
    properties: {
      resourceType: { const: "OperationOutcome" },
      issue: {
        type: "array",
        minItems: 1,
        items: {
          type: "object",
          required: ["severity", "code"],
          properties: {
            severity: { type: "string" },
            code: { type: "string" },
            details: { type: "object", properties: { text: { type: "string" } } },
            diagnostics: { type: "string" },
          },
        },
      },
    },
  },
  CcdRequest: schemaOf(ccdRequestAnswer),
  Problem: {
    type: "object",
    description: "RFC 9457",
    required: ["type", "title", "status", "detail", "requestId"],
    properties: {
      type: { type: "string" },
      title: { type: "string" },
      status: { type: "integer" },
      detail: { type: "string" },
      requestId: { type: "string" },
      candidates: { type: "array", items: { type: "string" } },
    },
  },
  GatewayMessage: { type: "object", properties: { message: { type: "string" } } },
};
