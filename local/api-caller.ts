import { AwsClient } from "aws4fetch";
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
  // Without retries, so that tests see each answer.
  const aws = new AwsClient({
    accessKeyId,
    secretAccessKey,
    service: "execute-api",
    region: outputs.region,
    retries: 0,
  });
  const send: ApiCaller["send"] = (path, init) =>
    aws.fetch(path.startsWith("/") ? `${outputs.apiUrl}${path}` : path, init);
  return { send, get: (path) => send(path) };
}
