import { AwsClient } from "aws4fetch";
import type { LocalOutputs } from "./local-bridge.ts";

/** Somebody who calls the bridge's API. */
export interface ApiCaller {
  /** A signed request (SigV4) for a path of the API, with its query. */
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
  const ask: ApiCaller["ask"] = (path, init) => aws.fetch(`${outputs.apiUrl}${path}`, init);
  return { ask, get: (path) => ask(path) };
}

/** The path and query of a link in an answer: where the API is locally, its own address leads nowhere. */
export function pathOf(link: string): string {
  const { pathname, search } = new URL(link);
  return pathname + search;
}
