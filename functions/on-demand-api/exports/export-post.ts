import { createHash } from "node:crypto";
import type * as z from "zod";
import type { ApiRequest } from "#on-demand-api/gateway/api.ts";
import type { RequestIds } from "#on-demand-api/gateway/request-ids.ts";
import { exportBody } from "#on-demand-api/language/export-messages.ts";
import { badRequest, parseJson, readIdempotencyKey } from "#on-demand-api/language/posted-body.ts";

/** A valid POST to /exports, with the id of the export that it creates. */
export interface ExportPost {
  exportId: string;
  body: z.infer<typeof exportBody>;
  /** SHA-256 of the checked body, in hexadecimal. */
  bodyDigest: string;
}

/**
 * Reads a POST to /exports.
 * @param ports.faultsOf the faults of the body against its schema and the stage's settings
 * @throws ApiProblem (400) that names every fault of the body, or of the Idempotency-Key
 */
export async function readExportPost(
  { caller, headers, body: bytes }: ApiRequest,
  ports: { faultsOf: (detail: unknown) => string[]; ids: RequestIds },
): Promise<ExportPost> {
  const detail = parseJson(bytes);
  const faults = [...requestIdFaults(detail), ...ports.faultsOf(detail)];
  if (faults.length > 0) throw badRequest("The body is invalid", faults);
  const body = exportBody.parse(detail);
  const bodyDigest = createHash("sha256").update(JSON.stringify(body)).digest("hex");
  const key = readIdempotencyKey(headers);
  if (key === undefined) return { exportId: ports.ids.random(), body, bodyDigest };
  return { exportId: await ports.ids.repeatable(caller, key), body, bodyDigest };
}

/** An event is repeated by its requestId, and a call by its Idempotency-Key: two ids could contradict each other. */
const requestIdFaults = (detail: unknown): string[] =>
  typeof detail === "object" && detail !== null && "requestId" in detail
    ? ["requestId: belongs to events; send the header Idempotency-Key instead"]
    : [];
