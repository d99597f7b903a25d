/*
 * What must never be printed: tokens, assertions, keys, and the queries of URLs (a query may be a capability or
 * name a patient). Used on every text that comes from the server and on every log line.
 */

const jwtPattern = /\beyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){0,4}/g;
const bearerPattern = /\b(bearer|x-auth-token:?)\s+[A-Za-z0-9._~+/=:-]{8,}/gi;
const urlQueryPattern = /(\bhttps?:\/\/[^\s"'<>?#]+)[?#][^\s"'<>]*/gi;
const urlUserPattern = /(\bhttps?:\/\/)[^\s/@"'<>]+@/gi;
const parameterPattern = /\b(client_assertion|client_secret|access_token|refresh_token|nonceToken|code)=[^&\s"'<>]+/gi;

/** `text` without anything that looks like a credential or a URL's query. Idempotent. */
export function redact(text: string): string {
  return text
    .replace(jwtPattern, "[redacted]")
    .replace(bearerPattern, "$1 [redacted]")
    .replace(urlUserPattern, "$1")
    .replace(urlQueryPattern, "$1?[redacted]")
    .replace(parameterPattern, "$1=[redacted]");
}

const secretNames = new Set(
  [
    "authorization",
    "x-auth-token",
    "client_assertion",
    "access_token",
    "refresh_token",
    "client_secret",
    "token",
  ].concat(
    ["assertion", "secret", "secretstring", "password", "privatekey", "cookie", "set-cookie"],
    ["d", "p", "q", "dp", "dq", "qi"],
  ),
);

/** Whether a field of this name may never be printed, whatever its value. The short ones are a JWK's private members. */
export function isSecretName(name: string): boolean {
  return secretNames.has(name.toLowerCase());
}
