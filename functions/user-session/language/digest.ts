import { createHash, timingSafeEqual } from "node:crypto";

/** SHA-256 in base64url: how the ledger knows a secret without having it. */
export function digestOf(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url");
}

/** Whether a digest is that of a secret, compared in constant time. */
export function isDigestOf(digest: string, secret: string): boolean {
  const [known, given] = [Buffer.from(digest), Buffer.from(digestOf(secret))];
  return known.length === given.length && timingSafeEqual(known, given);
}
