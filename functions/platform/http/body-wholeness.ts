import { type HttpAnswer, headerText } from "./http.ts";

/** A body that has begun to arrive. */
export interface OpenedBody {
  /** The bytes, decoded from their content coding. Reading them throws FileCut if they end too early. */
  chunks: AsyncIterable<Buffer>;
  /** What proves that the body is whole, after `chunks` has ended without an error. `coding`: the end of its content coding. */
  wholeness: "length" | "chunked" | "coding" | "unproven";
}

/**
 * What proves that a body without a content coding is whole (RFC 9112, 6.3 and 8). undici reports a chunked body without its last chunk
 * as an error. A body whose last transfer coding is another one ends with its connection, and that proves nothing.
 */
export function wholenessOf(answer: HttpAnswer): OpenedBody["wholeness"] {
  if (answer.headers["content-length"] !== undefined) return "length";
  const lastCoding = headerText(answer, "transfer-encoding")?.split(",").at(-1)?.trim().toLowerCase();
  return lastCoding === "chunked" ? "chunked" : "unproven";
}
