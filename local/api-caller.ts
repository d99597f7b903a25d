import { signedFetch } from "#cli/client/authorized-fetch.ts";
import type { LocalOutputs } from "./local-bridge.ts";

/** A client of the bridge's API. */
export interface ApiCaller {
  /** Sends a signed request (SigV4) for a path of the API, with its query, or for a link of an answer. */
  send: (path: string, init?: RequestInit) => Promise<Response>;
  get: (path: string) => Promise<Response>;
}

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

/** A caller with these credentials. Without them it has those of `.local/outputs.json`. */
export function apiCaller(outputs: LocalOutputs, credentials: Credentials = outputs): ApiCaller {
  const { accessKeyId, secretAccessKey } = credentials;
  const signed = signedFetch({ accessKeyId, secretAccessKey, region: outputs.region });
  const send: ApiCaller["send"] = (path, init) =>
    signed(path.startsWith("/") ? `${outputs.apiUrl}${path}` : path, init);
  return { send, get: (path) => send(path) };
}
