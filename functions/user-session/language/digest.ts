import { createHash } from "node:crypto";

/** SHA-256 in base64url: how the ledger knows a secret without having it. */
export function digestOf(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url");
}
