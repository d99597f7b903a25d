/**
 * The client's secret is missing or malformed, or its key cannot sign. The message names what is missing, never a value. It is
 * the fault of the wings whose steps sign, so it is not in `platformFaultNames`.
 */
export class ClientKeyUnusable extends Error {
  override readonly name = "ClientKeyUnusable";
}
