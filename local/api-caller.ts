import { AwsClient } from "aws4fetch";
import type { LocalOutputs } from "./local-bridge.ts";

/** Somebody who calls the bridge's API. */
export interface ApiCaller {
  /** A signed request (SigV4) for a path of the API, with its query, or for a link of an answer. */
  ask: (path: string, init?: RequestInit) => Promise<Response>;
  get: (path: string) => Promise<Response>;
}

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

/** A caller with these credentials; those of `.local/outputs.json` where none are given. */
export function apiCaller(outputs: LocalOutputs, credentials: Credentials = outputs): ApiCaller {
  const { accessKeyId, secretAccessKey } = credentials;
  // Without retries: what is answered is what is tested.
  const aws = new AwsClient({
    accessKeyId,
    secretAccessKey,
    service: "execute-api",
    region: outputs.region,
    retries: 0,
  });
  const ask: ApiCaller["ask"] = (path, init) =>
    aws.fetch(path.startsWith("/") ? `${outputs.apiUrl}${path}` : path, init);
  return { ask, get: (path) => ask(path) };
}
