import type { HttpAnswer } from "./http.ts";

/** A body that has begun to arrive. */
export interface OpenedBody {
  /** The bytes, decoded from their content coding. Reading them throws FileCut if they end too early. */
  chunks: AsyncIterable<Buffer>;
  /** What proves that the body is whole, after `chunks` has ended without an error. `coding`: the end of its content coding. */
  wholeness: "length" | "chunked" | "coding" | "unproven";
}

/** What proves that a body without a content coding is whole (RFC 9112, 6.3 and 8). */
export function wholenessOf({ headers }: HttpAnswer): OpenedBody["wholeness"] {
  if (headers["content-length"] !== undefined) return "length";
  // undici reports a chunked body without its last chunk as an error. A body that ends with its connection proves nothing.
  return headers["transfer-encoding"] === undefined ? "unproven" : "chunked";
}
