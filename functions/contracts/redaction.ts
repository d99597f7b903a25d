/*
 * What must never be printed: tokens, assertions, keys, and the queries of URLs (a query may be a capability or
 * name a patient). Used on every text that comes from the server and on every log line.
 */

/** Wherever it stands: within a word, too. */
const jwtPattern = /eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){0,4}/g;
const bearerPattern = /\b(bearer|x-auth-token)[\s:="']+[A-Za-z0-9._~+/=:-]{8,}/gi;
/** Name and value, as in a form, a query or JSON. */
const namedPattern =
  /\b(client_assertion|client_secret|access_token|refresh_token|id_token|nonceToken)(["']?\s*[:=]\s*["']?)[^&\s"'<>,}]+/gi;
const codePattern = /\b(code=)[^&\s"'<>]+/gi;
const urlPattern = /\b(https?:\/\/)(?:[^\s/?#"<>]*@)?([^\s?#"<>]*)([?#][^\s"<>]*)?/gi;
const pathQueryPattern = /(^|[\s"'(])(\/[^\s?#"<>]+)\?[^\s"<>]*/g;

/** `text` without anything that looks like a credential or a URL's query. Idempotent. */
export function redact(text: string): string {
  return text
    .replace(jwtPattern, "[redacted]")
    .replace(bearerPattern, "$1 [redacted]")
    .replace(urlPattern, (_, scheme: string, place: string, query?: string) =>
      query === undefined ? `${scheme}${place}` : `${scheme}${place}?[redacted]`,
    )
    .replace(pathQueryPattern, "$1$2?[redacted]")
    .replace(namedPattern, "$1$2[redacted]")
    .replace(codePattern, "$1[redacted]");
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
