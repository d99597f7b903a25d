import { AwsClient } from "aws4fetch";

/** What a call of the API is signed with. */
export interface SigningCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  region: string;
}

/** `fetch` that signs its calls (SigV4). It tries each call once. */
export function signedFetch(credentials: SigningCredentials): typeof fetch {
  const aws = new AwsClient({ ...credentials, service: "execute-api", retries: 0 });
  return (input, init) => aws.fetch(input instanceof URL ? input.href : input, init ?? null);
}

/** `fetch` that sends a token (RFC 6750). */
export function bearerFetch(token: string): typeof fetch {
  return (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set("authorization", `Bearer ${token}`);
    return fetch(input, { ...init, headers });
  };
}
