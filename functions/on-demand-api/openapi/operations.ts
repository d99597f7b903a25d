import * as z from "zod";
import type { ZodOpenApiOperationObject } from "zod-openapi";
import { exportId } from "#bulk-export/language/export-id.ts";
import { ccdRequestId } from "#ccd-retrieval/language/ccd-request-id.ts";
import type { ApiRouteKey } from "#on-demand-api/language/api-routes.ts";
import { idempotencyKey } from "#on-demand-api/language/call-headers.ts";
import { ccdRequestBody } from "#on-demand-api/language/ccd-request-messages.ts";
import { exportBody, exportQuery } from "#on-demand-api/language/export-messages.ts";
import {
  fhirResourceType,
  fhirResourceTypes,
  hasPatientParameter,
  searchParameter,
} from "#on-demand-api/language/fhir-resource-types.ts";
import { linkBody } from "#on-demand-api/language/link-messages.ts";
import { patientSearchParameters } from "#on-demand-api/language/patient-search.ts";
import { profileBase, usCoreProfiles, usCoreType } from "#on-demand-api/language/us-core-types.ts";
import { publicJwk } from "#platform/client-key/public-jwk.ts";
import { fhirId } from "#platform/fhir/fhir-id.ts";
import { linkId } from "#user-session/language/link-id.ts";
import { ehrLaunchName } from "#user-session/language/smart-settings.ts";
import {
  acceptedExport,
  ccdFaults,
  ccdRequest,
  ccdRequestPageAnswer,
  createdLinkAnswer,
  document,
  documentForms,
  exportAnswer,
  exportFaults,
  exportFile,
  exportFilePageAnswer,
  exportPageAnswer,
  fhirFaults,
  filePreviewAnswer,
  gateway,
  healthAnswer,
  htmlHead,
  htmlPage,
  linkAnswer,
  linkPageAnswer,
  noContent,
  ownOutcome,
  ownProblem,
  pageFaults,
  patientFaults,
  redirect,
  removedLinkAnswer,
  resource,
  retryableProblem,
  throttled,
} from "./responses.ts";

const cursor = z
  .string()
  .optional()
  .describe(
    "The position of a further page, from the link `next` of the page before it. Send no other parameter with it.",
  );
const patientQuery = z.object({ ...patientSearchParameters.shape, _cursor: cursor });
const resourceQuery = z.object({
  parameters: z
    .object({})
    .catchall(searchParameter.shape.value)
    .optional()
    .meta({
      param: {
        description: "FHIR R4 search parameters, with their modifiers. IntegraConnect checks them.",
        style: "form",
        explode: true,
      },
    }),
  _cursor: cursor,
});
const documentsQuery = z.object({
  after: z
    .int()
    .nonnegative()
    .max(999_999)
    .optional()
    .describe("Lists the documents whose number is greater. The link `next` of a page has it."),
});
const creationHeaders = z.object({
  "Idempotency-Key": idempotencyKey
    .optional()
    .describe("A repeated call with the same key and body is the same request."),
  Prefer: z
    .string()
    .optional()
    .meta({
      description:
        "`wait=20` waits up to 20 seconds for the end of the request (RFC 7240). The bridge never waits longer.",
      param: { example: "wait=20" },
    }),
});

const placeQuery = z.object({
  after: z.string().optional().describe("The place of a further page, from the link `next`."),
});
const noSuchPlace = ownProblem("The parameter `after` is none that the bridge gave you.");
const repeatedCall = creationHeaders.shape["Idempotency-Key"];
const oneTimeToken = z.object({ token: z.string() });
const ehrName = z.object({ name: ehrLaunchName });
const exportPath = z.object({ id: exportId });
const exportFilePath = exportPath.extend({ number: z.int().min(1) });
const noExport = ownProblem("There is no export with this id, or its time is over.");
const filesQuery = z.object({
  after: z.int().nonnegative().max(999_999).optional().describe("Lists the files whose number is greater."),
});
const noLink = ownProblem("You have no link with this id.");

const page = resource("One page, as IntegraConnect sent it. Only its links differ.");
const withoutPatient = fhirResourceTypes.filter((type) => !hasPatientParameter(type) && type !== "Patient");
const profiles = Object.entries(usCoreProfiles).map(
  ([type, names]) => `- ${type}: ${names.map((name) => profileBase + name).join(", ")}`,
);
const combinations =
  "Send one of these combinations: gender, birthdate and phone; or gender, birthdate and email; each optionally with given. " +
  "The vendor's guide also shows birthdate with family. The bridge rejects other parameter names. IntegraConnect decides " +
  "which combinations and values it accepts.";

/** Each route of the API. */
export const operations: Record<ApiRouteKey, ZodOpenApiOperationObject> = {
  "GET /openapi.json": {
    summary: "Get this description",
    responses: {
      "200": { description: "OpenAPI 3.1", content: { "application/json": { schema: { type: "object" } } } },
      ...throttled,
    },
  },
  "GET /.well-known/jwks.json": {
    summary: "Get the bridge's public keys",
    description:
      "The keys that verify the bridge's client assertions (RFC 7517): the current key, the next one, and former ones whose " +
      "assertions may be valid. Keep the response no longer than Cache-Control says.",
    responses: {
      "200": {
        description: "A JWK Set",
        content: { "application/json": { schema: z.object({ keys: z.array(publicJwk) }) } },
      },
      ...throttled,
      "503": { description: "The keys cannot be read at the moment.", content: gateway },
    },
  },
  "GET /fhir/Patient": {
    summary: "Search for patients",
    description: combinations,
    requestParams: { query: patientQuery },
    responses: { "200": page, ...fhirFaults },
  },
  "POST /fhir/Patient/_search": {
    summary: "Search for patients without personal data in the URL",
    description: `${combinations} To read further pages, follow the links of the response by GET.`,
    requestBody: {
      required: true,
      content: { "application/x-www-form-urlencoded": { schema: patientSearchParameters } },
    },
    responses: { "200": page, ...fhirFaults, "415": ownOutcome("The body is not a form.") },
  },
  "GET /fhir/us-core/Patient": {
    summary: "Search for patients by the US Core profile",
    description: combinations,
    requestParams: { query: patientQuery },
    responses: { "200": page, ...fhirFaults },
  },
  "GET /fhir/us-core/{resourceType}": {
    summary: "Search for resources of one type by their US Core profiles",
    description:
      "Search by `patient` and by the other search parameters of the type, as in `/fhir/{resourceType}`. Patient has the " +
      `parameters of \`/fhir/us-core/Patient\`. The profiles of the types:\n\n${profiles.join("\n")}`,
    requestParams: { path: z.object({ resourceType: usCoreType }), query: resourceQuery },
    responses: { "200": page, ...fhirFaults },
  },
  "GET /fhir/us-core/{resourceType}/{id}": {
    summary: "Read one resource by its US Core profile",
    description: "The profiles are those of `/fhir/us-core/{resourceType}`.",
    requestParams: { path: z.object({ resourceType: usCoreType, id: fhirId }) },
    responses: { "200": resource("The resource, byte for byte as IntegraConnect sent it."), ...fhirFaults },
  },
  "GET /fhir/{resourceType}": {
    summary: "Search for resources of one type",
    description:
      "Search by `patient` and by the other search parameters of the type. Resources of these types belong to no " +
      `patient, so they have no parameter \`patient\`: ${withoutPatient.join(", ")}.`,
    requestParams: { path: z.object({ resourceType: fhirResourceType }), query: resourceQuery },
    responses: { "200": page, ...fhirFaults },
  },
  "GET /fhir/{resourceType}/{id}": {
    summary: "Read one resource",
    requestParams: { path: z.object({ resourceType: fhirResourceType, id: fhirId }) },
    responses: { "200": resource("The resource, byte for byte as IntegraConnect sent it."), ...fhirFaults },
  },
  "POST /ccd-requests": {
    summary: "Request a patient's CCDs",
    description: "Identify the patient by id, or by gender, birthDate, and phone or email.",
    requestParams: { header: creationHeaders },
    requestBody: { required: true, content: { "application/json": { schema: ccdRequestBody } } },
    responses: {
      "200": ccdRequest("The request has ended. Its state says whether it succeeded or failed."),
      "202": ccdRequest("The request is pending. Poll the URL in `Location`."),
      ...ccdFaults,
      ...patientFaults,
      "400": ownProblem("The body or the Idempotency-Key is invalid, or IntegraConnect refuses the search parameters."),
      "404": ownProblem("No patient matches."),
      "409": ownProblem("More than one patient matches. `candidates` lists their ids."),
      "410": ownProblem("IntegraConnect no longer has this search."),
      "422": ownProblem("The Idempotency-Key was used before, with a different body."),
    },
  },
  "GET /ccd-requests": {
    summary: "List your CCD requests",
    description: "The newest request comes first. A request may be missing for a moment after its creation.",
    requestParams: { query: placeQuery },
    responses: {
      "200": ccdRequestPageAnswer("A page of your requests."),
      ...ccdFaults,
      "400": noSuchPlace,
    },
  },
  "GET /ccd-requests/{id}": {
    summary: "Get a CCD request and its documents",
    description: "One response lists 4 MB of documents. If there are more, `next` is the URL of those that follow.",
    requestParams: { path: z.object({ id: ccdRequestId }), query: documentsQuery },
    responses: {
      "200": ccdRequest("The request in its current state."),
      ...ccdFaults,
      "400": ownProblem("The parameter `after` is not a number."),
      "404": ownProblem("You made no request with this id, or the request and its documents have expired."),
    },
  },
  "GET /ccd-requests/{id}/documents/{number}": {
    summary: "Get one document",
    description:
      "`Accept` chooses the form (RFC 9110, 12.5.1): `application/xml`, also the form without `Accept`, is the document as it came. " +
      "`text/html` is a page for people, derived from the document's narrative. Its Content-Security-Policy forbids scripts and further files. " +
      "`application/fhir+json` is a FHIR R4 Bundle, derived from the document's entries. Its last resource, an OperationOutcome, says what is missing.",
    requestParams: { path: z.object({ id: ccdRequestId, number: z.int().min(1) }) },
    responses: {
      "200": documentForms("The document as a page, or as a FHIR Bundle."),
      "303": document("A redirect to the document, or to its page if that is too large for a response."),
      ...ccdFaults,
      "406": ownProblem(
        "You accept no form of the document, or it cannot be shown in the form that you accept. The detail says which.",
      ),
      "404": ownProblem("You have no such document, it is not ready yet, or it has expired."),
    },
  },
  "POST /exports": {
    summary: "Request an export",
    description:
      "The body is the detail of the event `Export Requested` without `requestId`. The setting `api.exports.ask` names who may do it.",
    requestParams: { header: z.object({ "Idempotency-Key": repeatedCall }) },
    requestBody: { required: true, content: { "application/json": { schema: exportBody } } },
    responses: {
      "202": acceptedExport(
        "The export was accepted. A repeated call with the same Idempotency-Key gets the same export.",
      ),
      ...exportFaults,
      "400": ownProblem("The body or the Idempotency-Key is invalid. The detail names every fault."),
      "422": ownProblem("The Idempotency-Key was used before, with a different body."),
    },
  },
  "GET /exports": {
    summary: "List exports",
    description:
      "The newest export comes first, however it was requested. An export may be missing for a moment after it was requested.",
    requestParams: { query: exportQuery },
    responses: {
      "200": exportPageAnswer("A page of the exports that match all parameters."),
      ...exportFaults,
      "400": ownProblem("A parameter is invalid. The detail names it."),
    },
  },
  "GET /exports/{id}": {
    summary: "Get an export and its progress",
    requestParams: { path: exportPath },
    responses: { "200": exportAnswer("The export in its current state."), ...exportFaults, "404": noExport },
  },
  "GET /exports/{id}/files": {
    summary: "List the files of an export",
    description: "The setting `api.exports.read` names who may do it. The list is empty until the manifest was read.",
    requestParams: { path: exportPath, query: filesQuery },
    responses: {
      "200": exportFilePageAnswer("A page of at most 100 files, in the order of the manifest."),
      ...exportFaults,
      "400": ownProblem("The parameter `after` is not a number."),
      "404": noExport,
    },
  },
  "GET /exports/{id}/files/{number}": {
    summary: "Get a file of an export",
    requestParams: { path: exportFilePath },
    responses: {
      "303": exportFile("A redirect to the file."),
      ...exportFaults,
      "404": ownProblem("There is no such export or file, or the file has not landed. The detail says why."),
    },
  },
  "GET /exports/{id}/files/{number}/preview": {
    summary: "Get the first lines of a file",
    description: "At most five lines of the first 64 KiB. Each of them is whole.",
    requestParams: { path: exportFilePath },
    responses: {
      "200": filePreviewAnswer("The first lines."),
      ...exportFaults,
      "404": ownProblem("There is no such export or file, or the file has not landed. The detail says why."),
    },
  },
  "POST /exports/{id}/cancel": {
    summary: "Cancel an export",
    description: "The setting `api.exports.cancel` names who may do it. Files that landed are kept.",
    requestParams: { path: exportPath },
    responses: {
      "202": acceptedExport("The export is being stopped. Poll the URL in `Location`."),
      ...exportFaults,
      "404": noExport,
      "409": ownProblem("The export has ended already, or is not running at this moment."),
    },
  },
  "POST /exports/{id}/resume": {
    summary: "Download the missing files of an export",
    description: "The setting `api.exports.ask` names who may do it. The export keeps its id and gets a new run.",
    requestParams: { path: exportPath },
    responses: {
      "202": acceptedExport("The export is being resumed. Poll the URL in `Location`."),
      ...exportFaults,
      "404": noExport,
      "409": ownProblem("The export has not ended, or it has no file to download. The detail says why."),
    },
  },
  "GET /health": {
    summary: "Get the health of the stage",
    description:
      "What the bridge finds if it looks at its client, its keys, its own session, the server and the newest exports. It requests no token. " +
      "Each caller in a list of the setting `api.exports` may do it.",
    responses: { "200": healthAnswer("The findings, also if something is wrong."), ...exportFaults },
  },
  "POST /links": {
    summary: "Ask for a link for one of your users",
    description:
      "Open the answer's `url` in your user's browser. The user signs in at IntegraConnect and allows access. Then the link can be " +
      "named in other calls. With `reconnect`, the user of a link that exists signs in again.",
    requestParams: { header: z.object({ "Idempotency-Key": repeatedCall }) },
    requestBody: { required: true, content: { "application/json": { schema: linkBody } } },
    responses: {
      "201": createdLinkAnswer("The link. A repeated call with the same Idempotency-Key gets the same `url`."),
      ...ccdFaults,
      "400": ownProblem("The body or the Idempotency-Key is invalid."),
      "404": ownProblem("You have no link with the id that `reconnect` names."),
      "409": retryableProblem("The link that `reconnect` names is being connected at this moment."),
      "422": ownProblem("The Idempotency-Key was used before, with a different body."),
    },
  },
  "GET /links": {
    summary: "List your links",
    description: "The newest link comes first. A link may be missing for a moment after its creation.",
    requestParams: { query: placeQuery },
    responses: {
      "200": linkPageAnswer("A page of your links."),
      ...ccdFaults,
      "400": noSuchPlace,
    },
  },
  "GET /links/{id}": {
    summary: "Get a link",
    requestParams: { path: z.object({ id: linkId }) },
    responses: { "200": linkAnswer("The link in its current state."), ...ccdFaults, "404": noLink },
  },
  "DELETE /links/{id}": {
    summary: "Remove a link",
    description:
      "The bridge removes the link and its tokens first, and then asks IntegraConnect to revoke the session. The answer says what " +
      "came of that.",
    requestParams: { path: z.object({ id: linkId }) },
    responses: { "200": removedLinkAnswer("The link is removed."), ...ccdFaults, "404": noLink },
  },
  "GET /connect/{token}": {
    summary: "The page of a link, for your user's browser",
    description: "It says who asks for access to what, and changes nothing.",
    requestParams: { path: oneTimeToken },
    responses: {
      "200": htmlPage("The page."),
      ...pageFaults,
      "404": htmlPage("There is no such link."),
      "410": htmlPage("The link was used, or has expired."),
    },
  },
  "HEAD /connect/{token}": {
    summary: "The headers of a link's page",
    requestParams: { path: oneTimeToken },
    responses: { "200": htmlHead("As GET."), "404": htmlHead("As GET."), "410": htmlHead("As GET."), ...throttled },
  },
  "POST /connect/{token}": {
    summary: "Begin the sign-in of a link",
    description: "The button of the link's page.",
    requestParams: { path: oneTimeToken },
    responses: {
      "200": htmlPage(
        "The link's page again: a page of another site sent the form, so the person has to read this one first.",
      ),
      "303": redirect("A redirect to the sign-in of IntegraConnect."),
      ...pageFaults,
      "404": htmlPage("There is no such link."),
      "410": htmlPage("The link was used, or has expired."),
      "502": htmlPage("The sign-in of IntegraConnect is not set up as it must be."),
    },
  },
  "GET /smart/launch/{name}": {
    summary: "The launch URL of a registered EHR",
    description: 'SMART App Launch, "Launch App: EHR Launch". Register it with the EHR.',
    requestParams: {
      path: ehrName,
      query: z.object({
        iss: z.string().describe("The FHIR base URL. It must be the stage's own."),
        launch: z.string().describe("The EHR's name of this launch."),
      }),
    },
    responses: {
      "200": htmlPage("The launch came in a frame: the page offers a window of its own."),
      "303": redirect("A redirect to the sign-in of IntegraConnect."),
      ...pageFaults,
      "400": htmlPage("The launch is incomplete, or names another server."),
      "404": htmlPage("No EHR is registered under this name."),
      "502": htmlPage("The sign-in of IntegraConnect is not set up as it must be."),
    },
  },
  "HEAD /smart/launch/{name}": {
    summary: "Nothing: a launch begins by GET",
    requestParams: { path: ehrName },
    responses: { "204": noContent("Nothing begins."), ...throttled },
  },
  "GET /smart/callback": {
    summary: "The redirect URI of the bridge",
    description: "The page sends itself on by POST. Register this URL with IntegraConnect.",
    responses: {
      "200": htmlPage("The page."),
      ...pageFaults,
      "400": htmlPage("The answer of the sign-in is incomplete."),
    },
  },
  "HEAD /smart/callback": {
    summary: "The headers of the redirect URI",
    responses: { "200": htmlHead("As GET."), "400": htmlHead("As GET."), ...throttled },
  },
  "POST /smart/callback": {
    summary: "Finish a sign-in",
    description: "The form of the page at the redirect URI.",
    responses: {
      "200": htmlPage("The launch ended, and its link has no `returnUrl`."),
      "303": redirect(
        "A redirect to the link's `returnUrl`, with the parameters `link` and `state` (linked, denied or failed).",
      ),
      ...pageFaults,
      "400": htmlPage("The answer belongs to no sign-in of this browser. Nothing was changed."),
      "409": htmlPage("The answer was used before."),
      "410": htmlPage("The sign-in took too long."),
    },
  },
};
