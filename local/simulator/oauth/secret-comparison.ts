import { timingSafeEqual } from "node:crypto";

/** Compares secrets in a time that does not depend on their content. An empty secret is equal to nothing. */
export function isSameSecret(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return expected !== "" && one.length === other.length && timingSafeEqual(one, other);
}
