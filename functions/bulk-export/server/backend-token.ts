import type { ExportLog } from "#bulk-export/log.ts";
import { clientAssertion } from "#platform/client-key/client-assertion.ts";
import {
  type CachedClientKey,
  type ClientKey,
  cachedClientKey,
  type ReadSecret,
} from "#platform/client-key/client-key.ts";
import type { KmsKeys } from "#platform/client-key/signing-key.ts";
import { CertificateRefused } from "#platform/faults/certificate-refused.ts";
import { AccessRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import { type Http, refusalText } from "#platform/http/http.ts";
import { readTokenAnswer, type TokenAnswer, temporaryErrors } from "#platform/http/token-answer.ts";
import type { IntegraServer } from "./integra-server.ts";

/** The access token of SMART Backend Services. It is kept in memory only. */
export interface BackendToken {
  /** A token that is still valid for a while: the cached one, or a new one. */
  current(): Promise<string>;
  /** Another token than `rejected`, which the server has just refused with a 401. */
  replacement(rejected: string): Promise<string>;
}

export interface BackendTokenPorts {
  server: IntegraServer;
  http: Http;
  readSecret: ReadSecret;
  /** Signs if the secret names a key in KMS. */
  kms: Pick<KmsKeys, "sign">;
  /** Milliseconds since the epoch. */
  now: () => number;
  sleep: (ms: number) => Promise<void>;
  log: Pick<ExportLog, "warn">;
}

interface MintedToken {
  token: string;
  refreshAt: number;
}

/** The recommended lifetime, used if the server names none (SMART Backend Services, "Issue Access Token"). */
const defaultLifetimeSeconds = 300;
const largestMarginMs = 60_000;
/** After three requests of this length, a step still has time to report what happened. */
const requestTimeoutMs = 15_000;
/** Pauses between the attempts of one call. Longer waits are left to the workflow, whose Wait states cost nothing. */
const retryPausesMs = [500, 2_000];

/**
 * Requests access tokens, and caches the last one until a fifth of its lifetime, at most a minute, is left. Concurrent callers
 * share one request. If the server refuses the credentials, the secret is read again: a key that was rotated meanwhile is used
 * without a pause. The second refusal is final, whether it is for the new key or for the same one.
 *
 * Source: guide, "Get access token for bulk export"; SMART Backend Services, "Obtain access token"; RFC 6749, 5.2.
 * The methods throw ClientKeyUnusable, ServerUnavailable, and AccessRefused if the credentials were refused twice.
 */
export function backendToken(ports: BackendTokenPorts): BackendToken {
  const clientKey = cachedClientKey(ports.readSecret, ports.kms, ports.now);
  let cached: MintedToken | undefined;
  let minting: Promise<MintedToken> | undefined;

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

async function mint(ports: BackendTokenPorts, clientKey: CachedClientKey): Promise<MintedToken> {
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
    const pause = retryPausesMs[attempt];
    const retryAfterMs = result instanceof ServerUnavailable ? (result.retryAfterMs ?? 0) : 0;
    if (pause === undefined || retryAfterMs > pause || result instanceof CertificateRefused) throw result;
    await ports.sleep(Math.max(pause, retryAfterMs));
  }
}

async function requestToken(
  { server, http, now, log }: BackendTokenPorts,
  client: ClientKey,
): Promise<MintedToken | AccessRefused | ServerUnavailable> {
  const requestedAt = now();
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    scope: client.scope,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: await clientAssertion(client, server.audience, requestedAt),
  });
  try {
    const answer = await http({
      method: "POST",
      url: server.tokenUrl,
      headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
      body: form.toString(),
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    const read = await readTokenAnswer(answer, requestedAt);
    if (read.unreadable.length > 0) log.warn("EXPORT_TOKEN_ANSWER_UNREADABLE", { members: read.unreadable });
    if (read.accessToken === undefined) return tokenFault(read);
    const lifetimeMs = (read.lifetimeSeconds ?? defaultLifetimeSeconds) * 1000;
    const refreshAt = requestedAt + lifetimeMs - Math.min(lifetimeMs / 5, largestMarginMs);
    return { token: read.accessToken, refreshAt };
  } catch (error) {
    if (error instanceof ServerUnavailable) return error;
    if (error instanceof DOMException && error.name === "TimeoutError") {
      return new ServerUnavailable(`the token endpoint did not answer within ${requestTimeoutMs / 1000} s`, {
        cause: error,
      });
    }
    throw error;
  }
}

/**
 * An answer without a token. A final OAuth error counts with any status. A status of 4xx refuses the client too, unless it is
 * temporary.
 */
function tokenFault({ refusal, refused }: TokenAnswer): AccessRefused | ServerUnavailable {
  const { status, temporary, retryAfterMs, oauthError } = refusal;
  const message = `the token endpoint answered ${refusalText(refusal)}`;
  if (refused !== undefined || (status >= 400 && !temporary && !temporaryErrors.has(oauthError)))
    return new AccessRefused(`${message}. Check the client id, the registered public key, the audience and the scope`);
  const missing = status < 300 && oauthError === undefined ? " without an access token" : "";
  return new ServerUnavailable(`${message}${missing}`, { retryAfterMs });
}
