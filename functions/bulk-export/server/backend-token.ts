import * as z from "zod";
import { AccessRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import { type Http, type HttpAnswer, readBody, readRefusal, refusalText } from "#platform/http/http.ts";
import { jsonOrUndefined } from "#platform/http/json-body.ts";
import { clientAssertion } from "./client-assertion.ts";
import { type ClientKey, type KnownClientKey, knownClientKey, type ReadSecret } from "./client-key.ts";
import type { IntegraServer } from "./integra-server.ts";

/** The access token of SMART Backend Services, kept in memory only. */
export interface BackendToken {
  /** A token that is good for a while yet: the cached one, or a new one. */
  current(): Promise<string>;
  /** A token other than `rejected`, which the server has just answered with a 401. */
  replacement(rejected: string): Promise<string>;
}

export interface BackendTokenPorts {
  server: IntegraServer;
  http: Http;
  readSecret: ReadSecret;
  /** Milliseconds since the epoch. */
  now: () => number;
  sleep: (ms: number) => Promise<void>;
}

interface Minted {
  token: string;
  refreshAt: number;
}

const tokenAnswer = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().optional(),
});

/** The recommended lifetime where the server names none (SMART Backend Services, "Issue Access Token"). */
const defaultLifetimeSeconds = 300;
const largestMarginMs = 60_000;
const bodyLimit = 1024 * 1024;
/** Three tries of this length leave a step time to say what happened. */
const answerWithinMs = 15_000;
/** Waits between the tries of one minting; longer ones are the workflow's, where waiting costs nothing. */
const pausesMs = [500, 2_000];

/**
 * Mints access tokens and keeps the last one until a fifth of its life, at most a minute, is left. Concurrent callers
 * share one minting. Refused credentials make the secret be read again, once: a key that was rotated meanwhile is used at
 * once. A refusal of that one as well, or a second one of the same key, is final.
 *
 * Source: guide, "Get access token for bulk export"; SMART Backend Services, "Obtain access token"; RFC 6749, 5.2.
 * Its calls throw ClientKeyUnusable, AccessRefused (credentials refused twice) and ServerUnavailable.
 */
export function backendToken(ports: BackendTokenPorts): BackendToken {
  const clientKey = knownClientKey(ports.readSecret, ports.now);
  let cached: Minted | undefined;
  let minting: Promise<Minted> | undefined;

  const mintOnce = async (): Promise<string> => {
    minting ??= mint(ports, clientKey).finally(() => {
      minting = undefined;
    });
    cached = await minting;
    return cached.token;
  };

  return {
    current: async () => (cached && ports.now() < cached.refreshAt ? cached.token : await mintOnce()),
    replacement: async (rejected) => {
      if (cached?.token === rejected) cached = undefined;
      return cached && ports.now() < cached.refreshAt ? cached.token : await mintOnce();
    },
  };
}

async function mint(ports: BackendTokenPorts, clientKey: KnownClientKey): Promise<Minted> {
  let key = await clientKey.current();
  let refused = false;
  for (let attempt = 0; ; attempt += 1) {
    const result = await requestToken(ports, key);
    if ("token" in result) return result;
    if (result instanceof AccessRefused) {
      clientKey.forget();
      if (refused) throw result;
      refused = true;
      const usedKey = key;
      key = await clientKey.current();
      if (key !== usedKey) continue;
    }
    const pause = pausesMs[attempt];
    const asked = result instanceof ServerUnavailable ? (result.retryAfterMs ?? 0) : 0;
    if (pause === undefined || asked > pause) throw result;
    await ports.sleep(Math.max(pause, asked));
  }
}

async function requestToken(
  { server, http, now }: BackendTokenPorts,
  client: ClientKey,
): Promise<Minted | AccessRefused | ServerUnavailable> {
  const askedAt = now();
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    scope: client.scope,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: await clientAssertion(client, server.audience, askedAt),
  });
  try {
    const answer = await http({
      method: "POST",
      url: server.tokenUrl,
      headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
      body: form.toString(),
      signal: AbortSignal.timeout(answerWithinMs),
    });
    return answer.status === 200 ? await readToken(answer, askedAt) : await readTokenRefusal(answer, askedAt);
  } catch (error) {
    if (error instanceof ServerUnavailable) return error;
    if (error instanceof DOMException && error.name === "TimeoutError") {
      return new ServerUnavailable("the token endpoint did not answer in time", { cause: error });
    }
    throw error;
  }
}

async function readToken(answer: HttpAnswer, askedAt: number): Promise<Minted> {
  const parsed = tokenAnswer.safeParse(jsonOrUndefined(await readBody(answer, bodyLimit)));
  if (!parsed.success) throw new ServerUnavailable("the token endpoint answered 200 without an access token");
  const lifetimeMs = (parsed.data.expires_in ?? defaultLifetimeSeconds) * 1000;
  return {
    token: parsed.data.access_token,
    refreshAt: askedAt + lifetimeMs - Math.min(lifetimeMs / 5, largestMarginMs),
  };
}

async function readTokenRefusal(answer: HttpAnswer, now: number): Promise<AccessRefused | ServerUnavailable> {
  const refusal = await readRefusal(answer, now);
  const message = `the token endpoint answered ${refusalText(refusal)}`;
  if (refusal.temporary || refusal.status < 400)
    return new ServerUnavailable(message, { retryAfterMs: refusal.retryAfterMs });
  return new AccessRefused(`${message}. Check the client id, the registered public key, the audience and the scope`);
}
