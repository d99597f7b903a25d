import type { SignedIn } from "./oidc.ts";

/**
 * Why nobody is signed in: nobody did so yet, the user left, nothing happened for too long, the token expired, or the API refused a
 * token that had not expired.
 */
export type SignedOutReason = "new" | "left" | "idle" | "expired" | "refused";

export type SessionState =
  | { kind: "signed-out"; reason: SignedOutReason }
  | { kind: "signed-in"; user: string | undefined; idleSoon: boolean };

/** The user is warned for so long before being signed out (WCAG 2.2, success criterion 2.2.1). */
const warningMs = 60_000;

/**
 * Who is signed in. The token is in this object only, so a reload or a closed tab forgets it. Times are milliseconds since the
 * epoch: a machine that slept is signed out when it wakes.
 */
export class Session {
  #signedIn: SignedIn | undefined;
  #lastUsed = 0;
  #state: SessionState = { kind: "signed-out", reason: "new" };
  readonly #idleMs: number;
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();

  constructor(idleMinutes: number, now: () => number = Date.now) {
    this.#idleMs = idleMinutes * 60_000;
    this.#now = now;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Calls the listener after each change, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  begin(signedIn: SignedIn): void {
    this.#signedIn = signedIn;
    this.#lastUsed = this.#now();
    this.#become({ kind: "signed-in", user: signedIn.user, idleSoon: false });
  }

  end(reason: SignedOutReason): void {
    if (this.#signedIn === undefined) return;
    this.#signedIn = undefined;
    this.#become({ kind: "signed-out", reason });
  }

  /** Notes that the user did something. */
  touch(): void {
    this.check();
    this.#lastUsed = this.#now();
    this.check();
  }

  /** Ends a session that is over, and warns of one that will be. */
  check(): void {
    if (this.#signedIn === undefined || this.#state.kind !== "signed-in") return;
    const now = this.#now();
    const idleLeft = this.#lastUsed + this.#idleMs - now;
    if (now >= (this.#signedIn.expiresAt ?? Number.POSITIVE_INFINITY)) return this.end("expired");
    if (idleLeft <= 0) return this.end("idle");
    const idleSoon = idleLeft <= Math.min(warningMs, this.#idleMs / 2);
    if (idleSoon !== this.#state.idleSoon) this.#become({ ...this.#state, idleSoon });
  }

  /** Ends the session because the API did not accept its token. */
  refuse(): void {
    this.check();
    this.end("refused");
  }

  /** The token for a call; undefined if nobody is signed in any more. */
  token(): string | undefined {
    this.check();
    return this.#signedIn?.accessToken;
  }

  #become(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
