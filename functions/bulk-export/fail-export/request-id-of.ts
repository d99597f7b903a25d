import { exportRequestDetail, triggeredInput } from "#bulk-export/language/export-request.ts";

/** The requester's own id from an input that failed validation; null if the input has no well-formed `requestId`. */
export function requestIdOf(input: unknown): string | null {
  const triggered = triggeredInput.safeParse(input);
  const detail: unknown = triggered.success ? triggered.data.detail : input;
  const requestId = (detail as { requestId?: unknown } | null)?.requestId;
  return exportRequestDetail.shape.requestId.safeParse(requestId).data ?? null;
}
