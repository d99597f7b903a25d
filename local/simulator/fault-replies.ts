import type { Fault } from "#local/simulator/fault-plan.ts";
import {
  accessDenied,
  attachmentNotFound,
  emptyReply,
  operationOutcome,
  portalReply,
  type Reply,
  retryAfterHeader,
  tomcatPage,
} from "#local/simulator/http-reply.ts";
import type { SimulatorSettings } from "#local/simulator/options.ts";

/** The answer of a fault that takes the endpoint's place; null for faults that spoil the endpoint's own answer. */
export function replyOfFault(fault: Fault, settings: SimulatorSettings): Reply | null {
  if (fault.kind === "unauthorized") return accessDenied("fault: the token was not looked at");
  if (fault.kind === "status") return statusReply(fault, settings);
  if (fault.kind === "garbage") return tomcatPage(200, "Maintenance", "The portal will be back.", "fault: garbage");
  return fault.kind === "redirect" ? emptyReply(307, { location: fault.location }) : null;
}

/** The reply with its content spoilt by the fault; the same reply when the fault does not concern the content. */
export function spoilContent(reply: Reply, fault: Fault): Reply {
  if (fault.kind === "truncate")
    return { ...reply, body: reply.body.subarray(0, cutInsideRecord(reply.body, fault.atByte)) };
  if (fault.kind !== "wrong-type") return reply;
  const lines = reply.body.toString("utf8").split("\n");
  const index = Math.min(fault.line ?? Math.floor((lines.length - 1) / 2), lines.length - 2);
  const intruder = lines[index]?.includes('"resourceType":"Observation"') === true ? "Patient" : "Observation";
  lines[index] = JSON.stringify({ resourceType: intruder, id: "of-another-type" });
  return { ...reply, body: Buffer.from(lines.join("\n")) };
}

/** True when the fault can be applied to this answer: content faults need a file's content. */
export function isApplicable(fault: Fault, reply: Reply): boolean {
  if (fault.kind === "hostile-ccd") return reply.headers["content-type"] === "application/zip";
  if (fault.kind !== "truncate" && fault.kind !== "wrong-type") return true;
  return [200, 206].includes(reply.status) && reply.body.length > 1;
}

function cutInsideRecord(body: Buffer, atByte: number | undefined): number {
  if (atByte !== undefined) return Math.min(atByte, body.length);
  const middle = Math.floor(body.length / 2);
  // Two bytes further on is inside the next record, should the middle be the end of one.
  return body[middle - 1] === 0x0a || body[middle] === 0x0a ? Math.min(middle + 2, body.length - 1) : middle;
}

function statusReply(fault: Extract<Fault, { kind: "status" }>, settings: SimulatorSettings): Reply {
  const { status } = fault;
  const headers = statusHeaders(fault, settings);
  const reason = `fault: status ${status}`;
  const text = fault.words ?? reason;
  const body = fault.body ?? (status === 429 || status >= 500 ? "transient" : "terminal");
  // The words may quote a credential, and the reason is for the log.
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
