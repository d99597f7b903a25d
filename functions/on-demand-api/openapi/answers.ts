import { content } from "./json-schemas.ts";

/** `components/headers` */
export const headers = {
  RequestLocation: {
    description: "Where the request is looked at.",
    required: true,
    schema: { type: "string", format: "uri" },
  },
  DocumentLocation: {
    description: "Where the document is, for a minute. Whoever has this URL can read it: send no credentials with it.",
    required: true,
    schema: { type: "string", format: "uri" },
  },
  RequestId: {
    description: "The call's id: the log and the audit trail know the call by it.",
    schema: { type: "string" },
  },
  RetryAfter: {
    description: "After so many seconds asking again may help. Absent: it will not, by itself.",
    schema: { type: "integer", minimum: 0 },
  },
};

const headerOf = (name: keyof typeof headers) => ({ $ref: `#/components/headers/${name}` });
const retryAfter = { "Retry-After": headerOf("RetryAfter") };
/** What every fault has that one of our functions tells. */
const told = { "x-request-id": headerOf("RequestId") };

const outcome = content("application/fhir+json", "OperationOutcome");
const problem = content("application/problem+json", "Problem");
const gateway = content("application/json", "GatewayMessage");

const notKnown = "The caller is not known: no token, or none that counts. Where calls are signed, that is a 403.";
const notPermitted = "Not signed, or not permitted to call";
const unseen = "it is out of place, or not for the bridge's user";
const failed = "The bridge failed. Its operator finds the cause in the log, by the call's id.";
const notServed =
  "IntegraConnect refused the bridge, or gave an answer that cannot be handed on: see the words, and ask for less.";
const unavailable =
  "IntegraConnect is busy or out of reach; or the bridge's session there has ended, and it is said how to renew it.";

/** What calls that are refused, or fail, get: `components/responses`. */
export const faults = {
  Throttled: { description: "More calls than the stage admits (`api.throttle`).", content: gateway },
  FhirInvalid: {
    description: "The parameters, or the id, cannot be used: the diagnostics say why.",
    headers: told,
    content: outcome,
  },
  FhirNotKnown: { description: notKnown, headers: told, content: { ...outcome, ...gateway } },
  FhirForbidden: {
    description: `${notPermitted}; or IntegraConnect says of what was asked that ${unseen}.`,
    headers: told,
    content: { ...outcome, ...gateway },
  },
  FhirNotFound: { description: "No such resource, or no such type.", headers: told, content: outcome },
  FhirGone: { description: "IntegraConnect says that it is there no longer.", headers: told, content: outcome },
  FhirFailed: { description: failed, headers: told, content: { ...outcome, ...gateway } },
  FhirNotServed: { description: notServed, headers: told, content: outcome },
  FhirUnavailable: {
    description: unavailable,
    headers: { ...told, ...retryAfter },
    content: { ...outcome, ...gateway },
  },
  NotKnown: { description: notKnown, headers: told, content: { ...problem, ...gateway } },
  NotPermitted: { description: `${notPermitted}.`, content: gateway },
  Forbidden: {
    description: `${notPermitted}; or IntegraConnect says of what the patient is searched by that ${unseen}.`,
    headers: told,
    content: { ...problem, ...gateway },
  },
  Failed: { description: failed, headers: told, content: { ...problem, ...gateway } },
  NotServed: { description: notServed, headers: told, content: problem },
  Unavailable: { description: unavailable, headers: { ...told, ...retryAfter }, content: { ...problem, ...gateway } },
};

const faultOf = (name: keyof typeof faults) => ({ $ref: `#/components/responses/${name}` });

export const throttled = { "429": faultOf("Throttled") };

/** What any call for resources may be refused with. */
export const fhirFaults = {
  "400": faultOf("FhirInvalid"),
  "401": faultOf("FhirNotKnown"),
  "403": faultOf("FhirForbidden"),
  "404": faultOf("FhirNotFound"),
  "410": faultOf("FhirGone"),
  ...throttled,
  "500": faultOf("FhirFailed"),
  "502": faultOf("FhirNotServed"),
  "503": faultOf("FhirUnavailable"),
};

/** What any call about requests for CCDs may be refused with. */
export const ccdFaults = {
  "401": faultOf("NotKnown"),
  "403": faultOf("NotPermitted"),
  ...throttled,
  "500": faultOf("Failed"),
  "503": faultOf("Unavailable"),
};

/** What IntegraConnect, which is asked for the patient, may add to them. */
export const patientFaults = { "403": faultOf("Forbidden"), "502": faultOf("NotServed") };

/** An answer below /fhir, as the server sent it. */
export const resource = (description: string): object => ({
  description,
  content: content("application/fhir+json", "Resource"),
});

/** A fault of one route's own, below /fhir and elsewhere. */
export const ownOutcome = (description: string): object => ({ description, headers: told, content: outcome });
export const ownProblem = (description: string): object => ({ description, headers: told, content: problem });

/** A request for CCDs as it stands. */
export const ccdRequest = (description: string): object => ({
  description,
  headers: { Location: headerOf("RequestLocation"), ...retryAfter },
  content: content("application/json", "CcdRequest"),
});

export const document = (description: string): object => ({
  description,
  headers: { Location: headerOf("DocumentLocation") },
});
