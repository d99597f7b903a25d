import { createHash } from "node:crypto";
import type { ApiRequest } from "#on-demand-api/gateway/api.ts";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import { type CcdRequestBody, ccdRequestBody, idempotencyKey } from "#on-demand-api/language/ccd-request-messages.ts";
import { type RepeatableId, randomId } from "./request-ids.ts";

/** What a POST asks for, and the id that its request has. */
export interface Order {
  requestId: string;
  /** Whether its caller may send it again: then the id is made from the key. */
  repeatable: boolean;
  body: CcdRequestBody;
  bodyDigest: string;
}

/**
 * Reads a POST to /ccd-requests.
 * @throws ApiProblem naming every fault of the body, or of the Idempotency-Key
 */
export async function orderOf(
  { caller, headers, body: bytes }: ApiRequest,
  repeatableId: RepeatableId,
): Promise<Order> {
  const parsed = ccdRequestBody.safeParse(jsonOf(bytes));
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => [path.join("."), message].filter(Boolean).join(" "));
    throw refused("The body cannot be used", faults.join("; "));
  }
  const given = headers["idempotency-key"];
  const bodyDigest = digest(JSON.stringify(parsed.data));
  if (given === undefined) return { requestId: randomId(), repeatable: false, body: parsed.data, bodyDigest };
  const key = idempotencyKey.safeParse(given);
  if (!key.success)
    throw refused("The Idempotency-Key cannot be used", "It must be 1 to 255 visible ASCII characters.");
  return { requestId: await repeatableId(caller, key.data), repeatable: true, body: parsed.data, bodyDigest };
}

/** How long the caller wants to wait for the end (RFC 7240, 4.3), in milliseconds; at most as long as we can. */
export function waitOf({ headers }: ApiRequest, longestMs: number): number {
  const [, seconds = "0"] = /(?:^|[\s,;])wait\s*=\s*"?(\d{1,6})"?(?=$|[\s,;])/i.exec(headers["prefer"] ?? "") ?? [];
  return Math.min(Number(seconds) * 1000, longestMs);
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    // The parser's own words quote the body, which names a patient.
    throw refused("The body is not JSON", "Send a JSON object.");
  }
}

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

const refused = (title: string, detail: string): ApiProblem =>
  new ApiProblem(title, { status: 400, issue: "invalid", detail });
