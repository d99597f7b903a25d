import * as z from "zod";
import { networkErrorCode } from "#platform/http/network-faults.ts";
import { FailedCheck } from "./findings.ts";

/** The public key set as a server reads it, without credentials. */
export interface ServedKeySet {
  /** The HTTP status. */
  status: number;
  contentType: string | undefined;
  cacheControl: string | undefined;
  /** The keys with all their members; none if the status is not 200. */
  keys: readonly ServedKey[];
}

const servedKey = z.looseObject({ kid: z.string() });

export type ServedKey = z.infer<typeof servedKey>;

const keySet = z.object({ keys: z.array(servedKey) });

/** The path of the public key set below the API's URL. */
export const keySetPath = "/.well-known/jwks.json";

/** The address of the public key set gives no answer, or another one than a key set. */
export class KeySetUnreadable extends FailedCheck {
  override readonly name = "KeySetUnreadable";
  override readonly action =
    "check the DNS record of api.domain or the proxy of api.publicUrl, and the log of the function jwks";
}

/**
 * Fetches the public key set within 30 s.
 * @throws KeySetUnreadable if no answer comes, or an answer with status 200 is no key set
 */
export async function fetchKeySet(url: string): Promise<ServedKeySet> {
  const { status, headers, text } = await answerOf(url);
  const found = {
    status,
    contentType: headers.get("content-type") ?? undefined,
    cacheControl: headers.get("cache-control") ?? undefined,
  };
  if (status !== 200) return { ...found, keys: [] };
  const { data } = keySet.safeParse(jsonOrUndefined(text));
  if (data === undefined) throw new KeySetUnreadable(`${url} answers with something else than a key set`);
  return { ...found, keys: data.keys };
}

async function answerOf(url: string): Promise<Pick<Response, "status" | "headers"> & { text: string }> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(30_000) });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  } catch (cause) {
    const code = networkErrorCode(cause instanceof Error && cause.cause !== undefined ? cause.cause : cause);
    throw new KeySetUnreadable(`${url} does not answer (${code})`, { cause });
  }
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
