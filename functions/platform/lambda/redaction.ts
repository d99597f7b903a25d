/*
 * What must never be printed: tokens, assertions, keys, and the queries of URLs, because a query may be a capability or name
 * a patient. Every text from the server and every log line goes through here. A patient's name in a sentence looks like any
 * other word. Therefore the readers of answers decide which sentences may be repeated at all (`platform/http/server-text.ts`).
 */

/** Anywhere, also within a word. */
const jwtPattern = /eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){0,4}/g;
const bearerPattern = /\b(bearer|x-auth-token)[\s:="']+[A-Za-z0-9._~+/=:-]{8,}/gi;
/** A name and its value, as in a form, a query or JSON. */
const namedPattern =
  /\b(client_assertion|client_secret|access_token|refresh_token|id_token|nonceToken|X-Amz-(?:Signature|Credential|Security-Token)|sig)(["']?\s*[:=]\s*["']?)[^&\s"'<>,}]+/gi;
/** The private members of a JWK. */
const jwkPattern = /("(?:d|p|q|dp|dq|qi|k)\\?"\s*:\s*\\?")[A-Za-z0-9_-]{8,}/g;
const pemPattern = /(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(?:-----END [A-Z ]*-----|$)/g;
const codePattern = /\b(code=)[^&\s"'<>]+/gi;
const urlPattern = /\b(https?:\/\/)(?:[^\s/?#"<>]*@)?([^\s?#"<>]*)([?#][^\s"<>]*)?/gi;
const pathQueryPattern = /(^|[\s"'(])(\/[^\s?#"<>]+)\?[^\s"<>]*/g;

/** The text without anything that looks like a credential or a URL's query. Idempotent. */
export function redact(text: string): string {
  return text
    .replace(jwtPattern, "[redacted]")
    .replace(bearerPattern, "$1 [redacted]")
    .replace(urlPattern, (_, scheme: string, place: string, query?: string) =>
      query === undefined ? `${scheme}${place}` : `${scheme}${place}?[redacted]`,
    )
    .replace(pathQueryPattern, "$1$2?[redacted]")
    .replace(namedPattern, "$1$2[redacted]")
    .replace(codePattern, "$1[redacted]")
    .replace(jwkPattern, "$1[redacted]")
    .replace(pemPattern, "$1[redacted]");
}

/**
 * A text that the server wrote. Besides what `redact` removes, this removes the given `credentials` in any encoding, and
 * whatever looks like an opaque token, such as the secret part of a capability URL's path. Ids (hexadecimal numbers, UUIDs)
 * stay, because the vendor's support needs them. Idempotent.
 */
export function redactServerText(text: string, credentials: readonly string[] = []): string {
  const known = credentials.flatMap((credential) => [credential, encodeURIComponent(credential), base64(credential)]);
  const without = known.reduce((rest, credential) => rest.replaceAll(credential, "[redacted]"), text);
  return redact(without).replace(opaquePattern, (run) => (looksRandom(run) ? "[redacted]" : run));
}

const opaquePattern = /[A-Za-z0-9_~+=-]{20,}/g;

/** Digits with letters of both cases, or 32 digits and letters or more that are no hexadecimal number. */
function looksRandom(run: string): boolean {
  if (!/\d/.test(run) || /^[\da-f-]+$/i.test(run)) return false;
  return run.length >= 32 ? /[A-Za-z]/.test(run) : /[a-z]/.test(run) && /[A-Z]/.test(run);
}

const base64 = (text: string): string => Buffer.from(text).toString("base64").replace(/=+$/, "");

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

/** Whether a field of this name may never be printed. The short names are the private members of a JWK. */
export function isSecretName(name: string): boolean {
  return secretNames.has(name.toLowerCase());
}
