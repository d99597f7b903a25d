import * as z from "zod";
import type { ZodOpenApiResponseObject } from "zod-openapi";
import { outcomeBody, problemBody } from "#on-demand-api/language/api-problem.ts";
import { ccdRequestPage, ccdRequestView } from "#on-demand-api/language/ccd-request-messages.ts";
import { exportFilePage, exportPage, exportView, filePreview } from "#on-demand-api/language/export-messages.ts";
import { healthReport } from "#on-demand-api/language/health-messages.ts";
import { createdLink, linkPage, linkView, removedLink } from "#on-demand-api/language/link-messages.ts";

const fhirResource = z
  .object({ resourceType: z.string() })
  .describe("A FHIR R4 resource. A search returns a Bundle, or the one resource that IntegraConnect found.");

const gatewayMessage = z
  .object({ message: z.string().optional() })
  .describe("A message of API Gateway itself, not of the bridge.");

const pageText = z.string().describe("A page for people, in HTML.");

/** `components/schemas` */
export const schemas = {
  Resource: fhirResource,
  CcdRequest: ccdRequestView,
  CcdRequestPage: ccdRequestPage,
  Page: pageText,
  OperationOutcome: outcomeBody,
  Problem: problemBody,
  GatewayMessage: gatewayMessage,
};

/** `components/headers` */
export const headers = {
  LinkLocation: z.url().describe("The URL of the link."),
  PageLocation: z.url().describe("Where the browser goes on."),
  ExportLocation: z.url().describe("The URL of the export."),
  FileLocation: z
    .url()
    .describe("The URL of the file, valid for one minute. Anyone with it can read the file. Send no credentials."),
  RequestLocation: z.url().describe("The URL of the CCD request."),
  DocumentLocation: z
    .url()
    .describe(
      "The URL of the document, valid for one minute. Anyone with it can read the document. Send no credentials.",
    ),
  RequestId: z
    .string()
    .optional()
    .describe("The id of the call. Find the call by it in the log and in the audit trail."),
  RetryAfter: z
    .int()
    .nonnegative()
    .optional()
    .describe("Retry after this many seconds. Without this header, a retry alone does not help."),
};

const faultHeaders = z.object({ "x-request-id": headers.RequestId });
const retryableFaultHeaders = faultHeaders.extend({ "Retry-After": headers.RetryAfter });

const outcome = { "application/fhir+json": { schema: outcomeBody } };
const problem = { "application/problem+json": { schema: problemBody } };
export const gateway = { "application/json": { schema: gatewayMessage } };
const outcomeOrGateway = { ...outcome, ...gateway };
const problemOrGateway = { ...problem, ...gateway };

const unauthenticated =
  "The caller is unknown: the token is missing or invalid. A stage with signed calls responds with 403 instead.";
const notPermitted = "The call is not signed, or the caller may not call this route";
const failed = "The bridge failed. Its operator finds the cause in the log, by the id of the call.";
const badGateway =
  "IntegraConnect refused the bridge, or its answer cannot be passed on. The response says why. If the answer was too large, request less.";
const unavailable =
  "IntegraConnect is busy or cannot be reached, or the bridge's session has ended. The response says how to renew the session.";

/** The failure of any call. Each response with an `id` is one of `components/responses`. */
export const throttled = {
  "429": {
    id: "Throttled",
    description: "There are more calls than the stage allows (`api.throttle`).",
    content: gateway,
  },
};

/** The failures of any call below /fhir. */
export const fhirFaults = {
  "400": {
    id: "FhirInvalid",
    description: "The parameters or the id are invalid. The diagnostics say why.",
    headers: faultHeaders,
    content: outcome,
  },
  "401": { id: "FhirNotKnown", description: unauthenticated, headers: faultHeaders, content: outcomeOrGateway },
  "403": {
    id: "FhirForbidden",
    description: `${notPermitted}. Or IntegraConnect says that a value is invalid, or that the bridge's user may not see the data.`,
    headers: faultHeaders,
    content: outcomeOrGateway,
  },
  "404": {
    id: "FhirNotFound",
    description: "The resource or the resource type does not exist.",
    headers: faultHeaders,
    content: outcome,
  },
  "410": {
    id: "FhirGone",
    description: "IntegraConnect says that the resource no longer exists.",
    headers: faultHeaders,
    content: outcome,
  },
  ...throttled,
  "500": { id: "FhirFailed", description: failed, headers: faultHeaders, content: outcomeOrGateway },
  "502": { id: "FhirNotServed", description: badGateway, headers: faultHeaders, content: outcome },
  "503": { id: "FhirUnavailable", description: unavailable, headers: retryableFaultHeaders, content: outcomeOrGateway },
};

/** The failures of any call below /ccd-requests, /exports and /links. */
export const ccdFaults = {
  "401": { id: "NotKnown", description: unauthenticated, headers: faultHeaders, content: problemOrGateway },
  "403": { id: "NotPermitted", description: `${notPermitted}.`, content: gateway },
  ...throttled,
  "500": { id: "Failed", description: failed, headers: faultHeaders, content: problemOrGateway },
  "503": { id: "Unavailable", description: unavailable, headers: retryableFaultHeaders, content: problemOrGateway },
};

/** The failures of any call below /exports, and of GET /health. */
export const exportFaults = {
  ...ccdFaults,
  "403": {
    id: "ExportsForbidden",
    description: `${notPermitted}. Or the setting \`api.exports\` does not name the caller.`,
    headers: faultHeaders,
    content: problemOrGateway,
  },
};

/** The failures that a patient search at IntegraConnect adds to `ccdFaults`. */
export const patientFaults = {
  "403": {
    id: "Forbidden",
    description: `${notPermitted}. Or IntegraConnect says that a value of the patient search is invalid, or that the bridge's user may not see the patient.`,
    headers: faultHeaders,
    content: problemOrGateway,
  },
  "502": { id: "NotServed", description: badGateway, headers: faultHeaders, content: problem },
};

/** A resource below /fhir, as IntegraConnect sent it. */
export const resource = (description: string): ZodOpenApiResponseObject => ({
  description,
  content: { "application/fhir+json": { schema: fhirResource } },
});

/** A failure of one route only, below /fhir and elsewhere. */
export const ownOutcome = (description: string): ZodOpenApiResponseObject => ({
  description,
  headers: faultHeaders,
  content: outcome,
});
export const ownProblem = (description: string): ZodOpenApiResponseObject => ({
  description,
  headers: faultHeaders,
  content: problem,
});

/** A CCD request in its current state. */
export const ccdRequest = (description: string): ZodOpenApiResponseObject => ({
  description,
  headers: z.object({ Location: headers.RequestLocation, "Retry-After": headers.RetryAfter }),
  content: { "application/json": { schema: ccdRequestView } },
});

export const document = (description: string): ZodOpenApiResponseObject => ({
  description,
  headers: z.object({ Location: headers.DocumentLocation, Vary: z.string() }),
});

/** An answer about exports, or about the files of one. */
const exportsJson = (description: string, schema: z.ZodType): ZodOpenApiResponseObject => ({
  description,
  content: { "application/json": { schema } },
});
export const exportAnswer = (description: string) => exportsJson(description, exportView);
export const exportPageAnswer = (description: string) => exportsJson(description, exportPage);
export const exportFilePageAnswer = (description: string) => exportsJson(description, exportFilePage);
export const filePreviewAnswer = (description: string) => exportsJson(description, filePreview);
export const acceptedExport = (description: string): ZodOpenApiResponseObject => ({
  ...exportAnswer(description),
  headers: z.object({ Location: headers.ExportLocation }),
});
export const exportFile = (description: string): ZodOpenApiResponseObject => ({
  description,
  headers: z.object({ Location: headers.FileLocation }),
});

export const healthAnswer = (description: string): ZodOpenApiResponseObject => ({
  description,
  content: { "application/json": { schema: healthReport } },
});

export const linkAnswer = (description: string): ZodOpenApiResponseObject => ({
  description,
  content: { "application/json": { schema: linkView } },
});
export const createdLinkAnswer = (description: string): ZodOpenApiResponseObject => ({
  description,
  headers: z.object({ Location: headers.LinkLocation }),
  content: { "application/json": { schema: createdLink } },
});
export const ccdRequestPageAnswer = (description: string): ZodOpenApiResponseObject => ({
  description,
  content: { "application/json": { schema: ccdRequestPage } },
});
export const linkPageAnswer = (description: string): ZodOpenApiResponseObject => ({
  description,
  content: { "application/json": { schema: linkPage } },
});
export const removedLinkAnswer = (description: string): ZodOpenApiResponseObject => ({
  description,
  content: { "application/json": { schema: removedLink } },
});

/** A failure after which the same call may succeed. */
export const retryableProblem = (description: string): ZodOpenApiResponseObject => ({
  description,
  headers: retryableFaultHeaders,
  content: problem,
});

/** The headers of every page for browsers. */
const pageHeaders = {
  "Referrer-Policy": z.string(),
  "X-Robots-Tag": z.string(),
  "Content-Security-Policy": z.string(),
};

/** A form that is derived from a document: a page for people, or a FHIR Bundle. Only the page has the headers of a page. */
export const documentForms = (description: string): ZodOpenApiResponseObject => ({
  description,
  headers: z.object(pageHeaders).partial().extend({ Vary: z.string() }),
  content: { "text/html": { schema: pageText }, "application/fhir+json": { schema: fhirResource } },
});

export const htmlPage = (description: string): ZodOpenApiResponseObject => ({
  description,
  headers: z.object(pageHeaders),
  content: { "text/html": { schema: pageText } },
});
export const redirect = (description: string): ZodOpenApiResponseObject => ({
  description,
  headers: z.object({
    Location: headers.PageLocation,
    "Referrer-Policy": z.string(),
    "X-Robots-Tag": z.string(),
  }),
});
export const noContent = (description: string): ZodOpenApiResponseObject => ({ description });
/** The answer to HEAD. */
export const htmlHead = (description: string): ZodOpenApiResponseObject => ({
  description,
  headers: z.object(pageHeaders),
});

function pageOf() {
  return { headers: z.object(pageHeaders), content: { "text/html": { schema: pageText } } };
}

/** The failures of any page for browsers. */
export const pageFaults = {
  ...throttled,
  "500": { id: "PageFailed", description: failed, ...pageOf() },
  "503": {
    id: "PageUnavailable",
    description: "IntegraConnect does not answer, or the bridge is not set up for it.",
    ...pageOf(),
  },
};
