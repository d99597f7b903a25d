import type * as z from "zod";
import { ApiProblem } from "./api-problem.ts";
import { idempotencyKey } from "./call-headers.ts";

/**
 * Reads the body of a POST.
 * @throws ApiProblem (400) that names every fault
 */
export function readBody<Body>(bytes: Buffer, schema: z.ZodType<Body>): Body {
  const parsed = schema.safeParse(parseJson(bytes));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => [path.join("."), message].filter(Boolean).join(" "));
  throw badRequest("The body is invalid", faults);
}

/** @throws ApiProblem (400) if the bytes are not JSON */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    // The parser's message quotes the body, which may identify a patient.
    throw badRequest("The body is not JSON", "Send a JSON object.");
  }
}

/**
 * The Idempotency-Key of a POST; undefined if its caller cannot repeat it.
 * @throws ApiProblem (400) if it is malformed
 */
export function readIdempotencyKey(headers: Record<string, string>): string | undefined {
  const key = headers["idempotency-key"];
  if (key === undefined || idempotencyKey.safeParse(key).success) return key;
  throw badRequest("The Idempotency-Key is invalid", "It must be 1 to 255 visible ASCII characters.");
}

export const badRequest = (title: string, detail: string | readonly string[]): ApiProblem =>
  new ApiProblem(title, { status: 400, issue: "invalid", detail });

/** The problem of a POST whose Idempotency-Key belongs to another POST of the caller. */
export const keyInUse = (
  detail = "This Idempotency-Key was used before with a different body. Send the same body, or use another key.",
): ApiProblem => new ApiProblem("The Idempotency-Key is already in use", { status: 422, issue: "invalid", detail });
