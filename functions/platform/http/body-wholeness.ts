import type { HttpAnswer } from "./http.ts";

/** A body that has begun to arrive. */
export interface OpenedBody {
  /** The bytes, gunzipped if they travelled gzipped. Throws FileCut if they end too early. */
  chunks: AsyncIterable<Buffer>;
  /** How the reader can know that the body is whole, once `chunks` has ended without an error. */
  wholeness: "length" | "chunked" | "gzip" | "unproven";
}

/** How an answer whose body is not encoded proves to be whole (RFC 9112, 6.3 and 8). */
export function wholenessOf({ headers }: HttpAnswer): OpenedBody["wholeness"] {
  if (headers["content-length"] !== undefined) return "length";
  // undici fails a chunked body that ends without its last chunk. A close-delimited one just ends.
  return headers["transfer-encoding"] === undefined ? "unproven" : "chunked";
}
