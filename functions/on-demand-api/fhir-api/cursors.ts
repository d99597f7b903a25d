import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import * as z from "zod";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";

/** Who may use a cursor, and for what. */
export interface CursorBinding {
  caller: string;
  /** What is searched, below /fhir: `Observation`, `us-core/Patient`. */
  search: string;
}

/** Seals where a further page is, and opens what it sealed. */
export interface Cursors {
  seal(binding: CursorBinding, page: URL): string;
  /** @throws ApiProblem where the cursor is not one of this caller's for this search, or too old */
  open(binding: CursorBinding, cursor: string): URL;
}

/** As long as somebody pages by hand; the server forgets its own pages as well. */
export const cursorLifeMs = 3_600_000;

const nonceBytes = 12;
const tagBytes = 16;
const sealed = z.strictObject({ page: z.url(), expiresAt: z.number() });

/**
 * Cursors by AES-256-GCM: the server's URL, which names patients or is a capability, is not to be read from them, and
 * caller and search are authenticated with it. A nonce is random: good for some billions of pages under one secret (NIST SP
 * 800-38D, 8.3).
 * @param secret a text of at least 32 random characters
 */
export function cursors(secret: string, now: () => number): Cursors {
  if (secret.length < 32) throw new Error("the cursors' secret is too short");
  const key = Buffer.from(hkdfSync("sha256", secret, "", "integra-bridge: cursors of /fhir", 32));
  return {
    seal: (binding, page) => {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(bound(binding));
      const text = JSON.stringify({ page: page.href, expiresAt: now() + cursorLifeMs });
      const ciphertext = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([nonce, ciphertext, cipher.getAuthTag()]).toString("base64url");
    },
    open: (binding, cursor) => {
      const content = decrypted(key, binding, cursor);
      if (content === undefined) throw notYours();
      const { page, expiresAt } = sealed.parse(JSON.parse(content));
      if (now() >= expiresAt) throw notYours();
      return new URL(page);
    },
  };
}

function decrypted(key: Buffer, binding: CursorBinding, cursor: string): string | undefined {
  const bytes = Buffer.from(cursor, "base64url");
  // Node ignores what is no Base64, and bits that stand for nothing: one cursor has one spelling.
  if (bytes.length <= nonceBytes + tagBytes || bytes.toString("base64url") !== cursor) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(bound(binding)).setAuthTag(bytes.subarray(-tagBytes));
  try {
    return decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, "utf8") + decipher.final("utf8");
  } catch {
    // It was not sealed by this key, or for somebody or something else: which of them is nobody's business.
    return undefined;
  }
}

const bound = ({ caller, search }: CursorBinding): Buffer => Buffer.from(JSON.stringify([caller, search]));

const notYours = (): ApiProblem =>
  new ApiProblem("The cursor cannot be used", {
    status: 400,
    issue: "invalid",
    detail: `_cursor is not one that you were given for this search within the last ${cursorLifeMs / 60_000} minutes: search again`,
  });
