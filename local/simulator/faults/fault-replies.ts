import type { Fault } from "#local/simulator/faults/fault-schema.ts";
import { changeIssue, changeLifetime } from "#local/simulator/faults/odd-json.ts";
import {
  changeCallback,
  changeDiscovery,
  changeKeys,
  changeLaunch,
  changeTokenAnswer,
} from "#local/simulator/faults/odd-smart-answers.ts";
import { cutContent, spoilLine } from "#local/simulator/faults/spoilt-content.ts";
import {
  accessDenied,
  attachmentNotFound,
  emptyReply,
  FHIR_JSON,
  jsonReply,
  operationOutcome,
  outcomeResource,
  portalReply,
  type Reply,
  retryAfterHeader,
  tomcatPage,
} from "#local/simulator/http/http-reply.ts";
import { withTrace } from "#local/simulator/http/traced-url.ts";
import { NO_STORE } from "#local/simulator/oauth/token-endpoint.ts";
import type { SimulatorSettings } from "#local/simulator/options.ts";

/** The reply of a fault that replaces the endpoint. Null if the fault changes the endpoint's own reply. */
export function replyOfFault(fault: Fault, settings: SimulatorSettings): Reply | null {
  if (fault.kind === "unauthorized") return accessDenied("fault: the token was not checked");
  if (fault.kind === "status") return statusReply(fault, settings);
  if (fault.kind === "oauth-error") {
    return jsonReply(200, { error: fault.error }, NO_STORE, `fault: ${fault.error} under status 200`);
  }
  if (fault.kind === "garbage") return tomcatPage(200, "Maintenance", "The portal will be back.", "fault: garbage");
  return fault.kind === "redirect" ? emptyReply(307, { location: fault.location }) : null;
}

/** The reply with the fault's change. Faults of the transfer, and faults that the endpoint itself applies, return it unchanged. */
export function applyFault(reply: Reply, fault: Fault): Reply {
  switch (fault.kind) {
    case "truncate":
      return { ...reply, body: cutContent(reply.body, fault.atByte) };
    case "wrong-type":
    case "bad-line":
    case "drop-line":
      return { ...reply, body: spoilLine(reply.body, fault) };
    case "odd-issue":
      return { ...otherRepresentation(reply), body: changeIssue(reply.body, fault.form) };
    case "odd-lifetime":
      return { ...reply, body: changeLifetime(reply.body, fault.form) };
    case "odd-discovery":
      return changeDiscovery(reply, fault);
    case "odd-keys":
      return changeKeys(reply, fault);
    case "odd-token-answer":
      return changeTokenAnswer(reply, fault);
    case "odd-callback":
      return changeCallback(reply, fault);
    case "odd-launch":
      return changeLaunch(reply, fault);
    case "byte-order-mark":
      return { ...otherRepresentation(reply), body: Buffer.concat([BYTE_ORDER_MARK, reply.body]) };
    case "unrequested-gzip":
      return { ...otherRepresentation(reply), gzip: true };
    case "accepted-status":
      return { ...reply, status: fault.status };
    case "pipe-in-location":
      return { ...reply, headers: { ...reply.headers, "content-location": withTrace(location(reply)) } };
    default:
      return reply;
  }
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** The reply without the headers of the unchanged bytes: a range of those must not complete the changed ones. */
function otherRepresentation(reply: Reply): Reply {
  const { etag: _etag, "accept-ranges": _acceptRanges, ...headers } = reply.headers;
  return { ...reply, headers };
}

function location({ headers }: Reply): string {
  return headers["content-location"] ?? "";
}

/** True if the fault can be applied to this reply: faults of content need a file's content. */
export function isApplicable(fault: Fault, reply: Reply): boolean {
  const hasContent = [200, 206].includes(reply.status) && reply.body.length > 1;
  switch (fault.kind) {
    case "hostile-ccd":
    case "odd-ccd":
      return reply.headers["content-type"] === "application/zip";
    case "bad-gzip":
      return hasContent && reply.gzip === true;
    case "see-other":
    case "odd-callback":
    case "odd-launch":
      return reply.status === 303;
    case "accepted-status":
    case "pipe-in-location":
      return reply.status === 202;
    case "odd-lifetime":
    case "odd-discovery":
    case "odd-keys":
    case "odd-token-answer":
    case "altered-id-token":
      return reply.status === 200;
    case "odd-issue":
    case "byte-order-mark":
    case "unrequested-gzip":
      return reply.status === 200 && reply.body.length > 0;
    case "odd-manifest":
    case "truncate":
    case "wrong-type":
    case "bad-line":
    case "drop-line":
      return hasContent;
    default:
      return true;
  }
}

function statusReply(fault: Extract<Fault, { kind: "status" }>, settings: SimulatorSettings): Reply {
  const { status } = fault;
  const headers = statusHeaders(fault, settings);
  const reason = `fault: status ${status}`;
  const text = fault.words ?? reason;
  const body = fault.body ?? defaultBody(status);
  // The words may quote a credential, so they never become the reason, which is logged.
  if (body === "transient")
    return { ...operationOutcome(status, text, status === 429 ? "throttled" : "transient", headers), reason };
  if (body === "terminal") return { ...operationOutcome(status, text, "processing", headers), reason };
  if (body === "not-yet") {
    const outcome = outcomeResource("information", "informational", fault.words ?? "In-Progress");
    return jsonReply(status, outcome, { "content-type": FHIR_JSON, ...headers }, reason);
  }
  if (body === "empty") return { ...emptyReply(status, headers), reason };
  if (body === "portal") {
    const reply = portalReply(status, status >= 500 ? "Internal Server Error" : "Bad Request", {}, reason);
    return { ...reply, headers: { ...reply.headers, ...headers } };
  }
  const page = pageOf(body, fault, reason);
  return { ...page, status, headers: { ...page.headers, ...headers } };
}

function defaultBody(status: number): "transient" | "terminal" | "not-yet" {
  if (status === 202) return "not-yet";
  return status === 429 || status >= 500 ? "transient" : "terminal";
}

function pageOf(
  body: "html" | "proxy-page" | "attachment-not-found",
  { status, words }: Extract<Fault, { kind: "status" }>,
  reason: string,
): Reply {
  if (body === "html") return tomcatPage(status, words ?? "Error", "The server encountered an error.", reason);
  if (body === "attachment-not-found") return attachmentNotFound(reason);
  const html = `<html><head><title>Request Rejected</title></head><body>${words ?? "The requested URL was rejected. Please consult with your administrator."}<br><br>Your support ID is: 4711</body></html>`;
  return { status, headers: { "content-type": "text/html", server: "proxy" }, body: Buffer.from(html), reason };
}

function statusHeaders(
  fault: Extract<Fault, { kind: "status" }>,
  settings: SimulatorSettings,
): Readonly<Record<string, string>> {
  return { ...retryAfterOf(fault, settings), ...fault.headers };
}

function retryAfterOf(
  { status, retryAfter }: Extract<Fault, { kind: "status" }>,
  settings: SimulatorSettings,
): Record<string, string> {
  if (retryAfter === null) return {};
  if (typeof retryAfter === "number") return retryAfterHeader(retryAfter, "seconds");
  if (retryAfter !== undefined && "text" in retryAfter) return { "retry-after": retryAfter.text };
  if (retryAfter !== undefined) return retryAfterHeader(retryAfter.httpDateInSeconds, "http-date");
  if (status !== 429 && status !== 503) return {};
  return retryAfterHeader(settings.retryAfterSeconds, settings.retryAfterFormat);
}
