import { randomInt } from "node:crypto";
import type { UserAccess } from "#local/simulator/user-session/user-authorization.ts";

/** The user and the session of a nonce. */
export type NonceOwner = Pick<UserAccess, "user" | "session">;

/** The owner of a valid nonce, or the reason of its refusal. */
export type NonceCheck = NonceOwner | { readonly refusal: string };

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const LENGTH = 15;

/** One-time tokens, each good for one download (guide: "Nonce token is for one time use"). */
export class Nonces {
  readonly #issued = new Map<string, { owner: NonceOwner; expiresAt: number; used: boolean }>();

  /** Issues a nonce that looks like the guide's "HISN262NJ66NDUH". */
  issue(owner: NonceOwner, lifetimeSeconds: number): string {
    const nonce = Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
    this.#issued.set(nonce, { owner, expiresAt: Date.now() + lifetimeSeconds * 1000, used: false });
    return nonce;
  }

  /** Redeems a nonce, which cannot be used again. */
  redeem(nonce: string): NonceCheck {
    const issued = this.#issued.get(nonce);
    if (issued === undefined) return { refusal: "the nonce is unknown" };
    if (issued.used) return { refusal: "the nonce was used before" };
    issued.used = true;
    return issued.expiresAt <= Date.now() ? { refusal: "the nonce has expired" } : issued.owner;
  }
}
