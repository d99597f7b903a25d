import type { Fault } from "#local/simulator/faults/fault-schema.ts";
import { cutContent, spoilLine } from "#local/simulator/faults/spoilt-content.ts";
import {
  accessDenied,
  attachmentNotFound,
  emptyReply,
  operationOutcome,
  portalReply,
  type Reply,
  retryAfterHeader,
  tomcatPage,
} from "#local/simulator/http/http-reply.ts";
import type { SimulatorSettings } from "#local/simulator/options.ts";

/** The reply of a fault that replaces the endpoint. Null if the fault changes the endpoint's own reply. */
export function replyOfFault(fault: Fault, settings: SimulatorSettings): Reply | null {
  if (fault.kind === "unauthorized") return accessDenied("fault: the token was not checked");
  if (fault.kind === "status") return statusReply(fault, settings);
  if (fault.kind === "garbage") return tomcatPage(200, "Maintenance", "The portal will be back.", "fault: garbage");
  return fault.kind === "redirect" ? emptyReply(307, { location: fault.location }) : null;
}

/** The reply with its content changed by the fault. Faults that do not concern the content return it unchanged. */
export function spoilContent(reply: Reply, fault: Fault): Reply {
  switch (fault.kind) {
    case "truncate":
      return { ...reply, body: cutContent(reply.body, fault.atByte) };
    case "wrong-type":
    case "bad-line":
    case "drop-line":
      return { ...reply, body: spoilLine(reply.body, fault) };
    default:
      return reply;
  }
}

/** True if the fault can be applied to this reply: faults of content need a file's content. */
export function isApplicable(fault: Fault, reply: Reply): boolean {
  const hasContent = [200, 206].includes(reply.status) && reply.body.length > 1;
  switch (fault.kind) {
    case "hostile-ccd":
      return reply.headers["content-type"] === "application/zip";
    case "bad-gzip":
      return hasContent && reply.gzip === true;
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
  const body = fault.body ?? (status === 429 || status >= 500 ? "transient" : "terminal");
  // The words may quote a credential, so they never become the reason, which is logged.
  if (body === "transient")
    return { ...operationOutcome(status, text, status === 429 ? "throttled" : "transient", headers), reason };
  if (body === "terminal") return { ...operationOutcome(status, text, "processing", headers), reason };
  if (body === "empty") return { ...emptyReply(status, headers), reason };
  if (body === "portal") {
    const reply = portalReply(status, status >= 500 ? "Internal Server Error" : "Bad Request", {}, reason);
    return { ...reply, headers: { ...reply.headers, ...headers } };
  }
  const page =
    body === "html"
      ? tomcatPage(status, fault.words ?? "Error", "The server encountered an error.", reason)
      : attachmentNotFound(reason);
  return { ...page, status, headers: { ...page.headers, ...headers } };
}

function statusHeaders(
  { status, retryAfter }: Extract<Fault, { kind: "status" }>,
  settings: SimulatorSettings,
): Record<string, string> {
  if (retryAfter === null) return {};
  if (typeof retryAfter === "number") return retryAfterHeader(retryAfter, "seconds");
  if (retryAfter !== undefined) return retryAfterHeader(retryAfter.httpDateInSeconds, "http-date");
  if (status !== 429 && status !== 503) return {};
  return retryAfterHeader(settings.retryAfterSeconds, settings.retryAfterFormat);
}
