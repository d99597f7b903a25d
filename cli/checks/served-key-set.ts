import * as z from "zod";

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

/**
 * Fetches the public key set within 30 s.
 * @throws Error if no answer comes, or an answer with status 200 is no key set
 */
export async function fetchKeySet(url: string): Promise<ServedKeySet> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(30_000) });
  const { status, headers } = answer;
  const found = {
    status,
    contentType: headers.get("content-type") ?? undefined,
    cacheControl: headers.get("cache-control") ?? undefined,
  };
  if (status !== 200) {
    await answer.body?.cancel();
    return { ...found, keys: [] };
  }
  return { ...found, keys: keySet.parse(await answer.json()).keys };
}
