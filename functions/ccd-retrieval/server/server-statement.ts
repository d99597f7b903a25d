import * as z from "zod";
import { readJson } from "#platform/http/reading/json.ts";
import { readServerText } from "#platform/http/server-text.ts";

/** A refusal by the server. Its text may repeat the request: it may go to the caller, and never into a log. */
export interface ServerRefusal {
  /** The HTTP status. Under a 200, the body's `responseStatus` if there is one. */
  status: number;
  /** The body's `code`, if there is one: BEDR01, 400. */
  code: string | undefined;
  /** The server's text, without credentials and URL queries. */
  diagnostics: string;
}

/** An answer to a CCD call that is not a document: read, but not interpreted. */
export interface ServerStatement extends ServerRefusal {
  serverRequestId: string | undefined;
  /** The JSON body's `status` or `state` if it is a text: letters only, in lower case. */
  word: string | undefined;
  /** The JSON body's `status` if it is a boolean. */
  success: boolean | undefined;
  /** Whether there was no body at all. */
  isEmpty: boolean;
}

const serverRequestId = z
  .union([z.string(), z.number().int().transform(String)])
  .pipe(z.string().regex(/^[\w.-]{1,128}$/));

/** The body of the guide's samples. A member that is missing or has another type counts as absent. */
const statementBody = z.looseObject({
  status: z.union([z.boolean(), z.string()]).optional().catch(undefined),
  state: z.string().optional().catch(undefined),
  code: z
    .union([z.string(), z.number().transform(String)])
    .optional()
    .catch(undefined),
  responseStatus: z.coerce.number().int().min(100).max(599).optional().catch(undefined),
  bulkActionRequest: serverRequestId.optional().catch(undefined),
});

/**
 * Reads the body of an answer that is not a document: the guide's JSON, or a page from Tomcat.
 * @param credentials the tokens and nonces that the request carried, which the answer may quote
 */
export function readStatement(status: number, body: Buffer, credentials: readonly string[]): ServerStatement {
  const diagnostics = readServerText(body, credentials).said;
  const parsed = statementBody.safeParse(readJson(body));
  const json = parsed.success ? parsed.data : {};
  const word = typeof json.status === "string" ? json.status : json.state;
  return {
    // A body may report a failure under HTTP 200.
    status: status === 200 ? (json.responseStatus ?? status) : status,
    code: json.code,
    diagnostics,
    serverRequestId: json.bulkActionRequest,
    word: word?.toLowerCase().replace(/[^a-z]/g, ""),
    success: typeof json.status === "boolean" ? json.status : undefined,
    isEmpty: body.length === 0,
  };
}
