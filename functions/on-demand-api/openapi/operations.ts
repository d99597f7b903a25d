import { ccdRequestId } from "#ccd-retrieval/language/ccd-request.ts";
import type { ApiRouteKey } from "#on-demand-api/language/api-routes.ts";
import { ccdRequestBody, idempotencyKey } from "#on-demand-api/language/ccd-request-messages.ts";
import {
  fhirResourceType,
  fhirResourceTypes,
  hasPatientParameter,
  searchParameter,
} from "#on-demand-api/language/fhir-resource-types.ts";
import { patientSearchParameters } from "#on-demand-api/language/patient-search.ts";
import { fhirId } from "#platform/fhir/fhir-id.ts";
import {
  ccdFaults,
  ccdRequest,
  document,
  fhirFaults,
  ownOutcome,
  ownProblem,
  patientFaults,
  resource,
  throttled,
} from "./answers.ts";
import { schemaOf } from "./json-schemas.ts";

/** What a route does, for its callers. */
export interface Operation {
  summary: string;
  description?: string;
  parameters?: object[];
  requestBody?: object;
  answers: Record<string, object>;
}

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
const requestId = { name: "id", in: "path", required: true, schema: schemaOf(ccdRequestId) };
const documentNumber = { name: "number", in: "path", required: true, schema: { type: "integer", minimum: 1 } };
const requestHeaders = [
  {
    name: "Idempotency-Key",
    in: "header",
    description: "The same key with the same body is the same request, however often it is sent.",
    schema: schemaOf(idempotencyKey),
  },
  {
    name: "Prefer",
    in: "header",
    description: "`wait=20`: up to so many seconds (20 at most) for the request's end (RFC 7240).",
    schema: { type: "string" },
    example: "wait=20",
  },
];

const page = resource("A page as the server sent it, but for its links.");
const withoutPatient = fhirResourceTypes.filter((type) => !hasPatientParameter(type) && type !== "Patient");
const combinations =
  "The guide's combinations: gender, birthdate and phone; gender, birthdate and email; each of them with given. Its " +
  "example has birthdate and family. Another name is refused here; which combinations and values are good, the server says.";

/** Each route of the API. */
export const operations: Record<ApiRouteKey, Operation> = {
  "GET /openapi.json": {
    summary: "This description",
    answers: {
      "200": { description: "OpenAPI 3.1", content: { "application/json": { schema: { type: "object" } } } },
      ...throttled,
    },
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
    answers: { "200": page, ...fhirFaults, "415": ownOutcome("The body is not a form.") },
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
    answers: { "200": resource("The resource, byte for byte as the server sent it."), ...fhirFaults },
  },
  "POST /ccd-requests": {
    summary: "Ask for a patient's CCDs",
    description: "By the patient's id, or by what the patient is found by: gender, birthDate, and phone or email.",
    parameters: requestHeaders,
    requestBody: { required: true, content: { "application/json": { schema: schemaOf(ccdRequestBody) } } },
    answers: {
      "200": ccdRequest("The request has ended by now, well or not: see its state."),
      "202": ccdRequest("The request is under way: look at it under `Location`."),
      ...ccdFaults,
      ...patientFaults,
      "400": ownProblem(
        "The body or the Idempotency-Key cannot be used, or IntegraConnect does not search by what is there.",
      ),
      "404": ownProblem("No patient matches."),
      "409": ownProblem("More than one patient matches: `candidates` has their ids."),
      "410": ownProblem("IntegraConnect has no such search any more."),
      "422": ownProblem("The Idempotency-Key came with another body before."),
    },
  },
  "GET /ccd-requests/{id}": {
    summary: "What became of a request, and its documents",
    parameters: [requestId],
    answers: {
      "200": ccdRequest("The request as it stands."),
      ...ccdFaults,
      "404": ownProblem("None of yours has this id, or it was so long ago that its documents are gone."),
      "502": ownProblem("It has more documents than one answer can list."),
    },
  },
  "GET /ccd-requests/{id}/documents/{number}": {
    summary: "One document",
    parameters: [requestId, documentNumber],
    answers: {
      "303": document("Where the document is to be read."),
      ...ccdFaults,
      "404": ownProblem("None of yours has this document, or not yet, or no longer."),
    },
  },
};
