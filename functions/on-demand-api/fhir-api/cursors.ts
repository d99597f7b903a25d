import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import * as z from "zod";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";

/** The caller and the search that a cursor is valid for. */
export interface CursorBinding {
  caller: string;
  /** The searched resources, as a path below /fhir: `Observation`, `us-core/Patient`. */
  search: string;
  /** The session of a link, if the search was made under one. */
  sessionId?: string;
}

/** Encrypts the server's URL of a further page into a cursor, and decrypts it again. */
export interface Cursors {
  seal(binding: CursorBinding, page: URL): string;
  /** @throws ApiProblem (400) if the cursor was not made for this caller and this search, or has expired */
  open(binding: CursorBinding, cursor: string): URL;
}

/** Milliseconds. Long enough for a person who reads page by page; the server's own links expire as well. */
export const cursorLifeMs = 3_600_000;

const nonceBytes = 12;
const tagBytes = 16;
const sealedPage = z.strictObject({ page: z.url(), expiresAt: z.number() });

/**
 * Cursors by AES-256-GCM. Encryption hides the server's URL, which may identify patients or grant access by itself. The
 * caller and the search are authenticated with it. Random nonces are safe for some billions of pages under one secret (NIST
 * SP 800-38D, 8.3).
 * @param secret a text of at least 32 random characters
 * @param now milliseconds since the epoch
 * @throws Error if the secret is shorter
 */
export function createCursors(secret: string, now: () => number): Cursors {
  if (secret.length < 32) throw new Error("the API's secret is too short to encrypt cursors: it needs 32 characters");
  const key = Buffer.from(hkdfSync("sha256", secret, "", "integra-bridge: cursors of /fhir", 32));
  return {
    seal: (binding, page) => {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(associatedData(binding));
      const text = JSON.stringify({ page: page.href, expiresAt: now() + cursorLifeMs });
      const ciphertext = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([nonce, ciphertext, cipher.getAuthTag()]).toString("base64url");
    },
    open: (binding, cursor) => {
      const content = decrypt(key, binding, cursor);
      if (content === undefined) throw invalidCursor();
      const { page, expiresAt } = sealedPage.parse(JSON.parse(content));
      if (now() >= expiresAt) throw invalidCursor();
      return new URL(page);
    },
  };
}

/** Undefined if the cursor is malformed, or was not made by this key for this binding. */
function decrypt(key: Buffer, binding: CursorBinding, cursor: string): string | undefined {
  const bytes = Buffer.from(cursor, "base64url");
  // Node ignores characters outside Base64 and unused bits. The comparison leaves each cursor one spelling.
  if (bytes.length <= nonceBytes + tagBytes || bytes.toString("base64url") !== cursor) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(associatedData(binding)).setAuthTag(bytes.subarray(-tagBytes));
  try {
    return decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, "utf8") + decipher.final("utf8");
  } catch {
    // Another key, caller or search. The caller must not learn which of them.
    return undefined;
  }
}

const associatedData = ({ caller, search, sessionId }: CursorBinding): Buffer =>
  Buffer.from(JSON.stringify(sessionId === undefined ? [caller, search] : [caller, search, sessionId]));

const invalidCursor = (): ApiProblem =>
  new ApiProblem("The cursor is invalid", {
    status: 400,
    issue: "invalid",
    detail: `The bridge did not give you this _cursor for this search within the last ${cursorLifeMs / 60_000} minutes. Search again.`,
  });
