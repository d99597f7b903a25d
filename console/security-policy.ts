import { pageStyleSource } from "#ccd-retrieval/language/page-style.ts";

/**
 * The Content-Security-Policy of the console. Scripts and styles come from the console's own origin, and nothing is inline. Calls
 * go to that origin and to the issuer. The page of a document, in its frame, has this policy and its own.
 *
 * Source: Content Security Policy Level 3.
 * @param issuerOrigins the origins of the issuer's discovery document and of its endpoints
 */
export function consolePolicy(issuerOrigins: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' ${pageStyleSource}`,
    // The images of a document are in its page.
    "img-src 'self' data:",
    `connect-src ${["'self'", ...issuerOrigins].join(" ")}`,
    "frame-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types document-page",
  ].join("; ");
}

/** A browser may use no device and no sensor for the console (W3C, "Permissions Policy"). */
export const permissionsPolicy = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
