import type { JSONWebKeySet, JWK } from "jose";
import * as z from "zod";
import type { SimulatorClock } from "#local/simulator/clock.ts";

/** Where a client's public keys are: SMART "Registering a client (communicating public keys)". */
export interface KeySetRegistration {
  /** The key set itself. It has precedence over the URL. */
  readonly jwks?: JSONWebKeySet | undefined;
  /** The URL of the key set. A `jku` header must be equal to it. */
  readonly jwksUrl?: string | undefined;
}

const FETCH_TIMEOUT_MS = 5000;
const keySetSchema = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })) });

/**
 * The public keys of clients. A key set from a URL is cached for the `max-age` of its answer and no longer (SMART "Signature
 * Verification"). An unknown `kid` does not shorten that: a client must publish a key before it uses the key.
 */
export class ClientKeySets {
  readonly #clock: SimulatorClock;
  readonly #cached = new Map<string, { readonly keys: readonly JWK[]; readonly until: number }>();

  constructor(clock: SimulatorClock) {
    this.#clock = clock;
  }

  /** The client's keys, or why they are not available. */
  async keysOf({ jwks, jwksUrl }: KeySetRegistration): Promise<{ keys: readonly JWK[] } | { refusal: string }> {
    if (jwks !== undefined) return { keys: jwks.keys };
    if (jwksUrl === undefined) return { refusal: "the client registered no keys" };
    const cached = this.#cached.get(jwksUrl);
    if (cached !== undefined && cached.until > this.#clock.now()) return { keys: cached.keys };
    try {
      const { keys, maxAgeSeconds } = await fetchKeys(jwksUrl);
      this.#cached.set(jwksUrl, { keys, until: this.#clock.now() + maxAgeSeconds * 1000 });
      return { keys };
    } catch (error) {
      return { refusal: `the key set at ${jwksUrl} cannot be read: ${String(error)}` };
    }
  }
}

async function fetchKeys(url: string): Promise<{ keys: readonly JWK[]; maxAgeSeconds: number }> {
  const answer = await fetch(url, {
    headers: { accept: "application/json" },
    redirect: "error",
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
  });
  if (answer.status !== 200) throw new Error(`status ${answer.status}`);
  const { keys } = keySetSchema.parse(await answer.json());
  const cacheControl = answer.headers.get("cache-control") ?? "";
  const maxAge = /(?:^|[ ,])max-age=(\d+)/i.exec(cacheControl)?.[1] ?? "0";
  return { keys, maxAgeSeconds: /no-(?:store|cache)/i.test(cacheControl) ? 0 : Number(maxAge) };
}
