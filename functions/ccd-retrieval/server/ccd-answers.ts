import * as z from "zod";
import type { CcdProtocolSettings } from "#ccd-retrieval/language/ccd-protocol.ts";
import { jsonOrUndefined } from "#platform/http/json-body.ts";
import { readServerText } from "#platform/http/server-text.ts";

/** What the server said to a request for CCDs. `requestId`s are the server's. */
export type CcdRequestAnswer =
  | { state: "created"; requestId: string }
  /** Another request of the same user is not done yet: whose it is, the answer does not tell. */
  | { state: "pending-elsewhere"; requestId: string | undefined }
  | ({ state: "refused" } & CcdRefusal);

/** A refusal. The server's words may repeat what was asked: they are for whoever asked, not for logs. */
export interface CcdRefusal {
  /** The HTTP status or, under a 200, the body's `responseStatus`. */
  status: number;
  /** The body's `code`, where it has one: BEDR01, 400. */
  code: string | undefined;
  /** The server's words, without credentials and URL queries. */
  diagnostics: string;
}

/** An answer of the CCD calls that is not a document, read but not yet judged. */
export interface CcdStatement extends CcdRefusal {
  requestId: string | undefined;
  /** `status` or `state` of a JSON body where it is a word, letters only; its boolean in `success`. */
  word: string | undefined;
  success: boolean | undefined;
  /** There was no body at all. */
  silent: boolean;
}

const requestId = z.union([z.string(), z.number().int().transform(String)]).pipe(z.string().regex(/^[\w.-]{1,128}$/));

/** The body of the guide's samples; whatever is missing or of another type counts as not said. */
const ccdBody = z.looseObject({
  status: z.union([z.boolean(), z.string()]).optional().catch(undefined),
  state: z.string().optional().catch(undefined),
  code: z
    .union([z.string(), z.number().transform(String)])
    .optional()
    .catch(undefined),
  responseStatus: z.coerce.number().int().min(100).max(599).optional().catch(undefined),
  bulkActionRequest: requestId.optional().catch(undefined),
});

/**
 * Reads the body of an answer that is no document: the guide's JSON, or a page of Tomcat's.
 * @param credentials what the request carried, which the answer may quote
 */
export function readStatement(status: number, body: Buffer, credentials: readonly string[]): CcdStatement {
  const diagnostics = readServerText(body, credentials).said;
  const parsed = ccdBody.safeParse(jsonOrUndefined(body));
  const said = parsed.success ? parsed.data : {};
  const word = typeof said.status === "string" ? said.status : said.state;
  return {
    // Where HTTP says that all is well, the body may say otherwise.
    status: status === 200 ? (said.responseStatus ?? status) : status,
    code: said.code,
    diagnostics,
    requestId: said.bulkActionRequest,
    word: word?.toLowerCase().replace(/[^a-z]/g, ""),
    success: typeof said.status === "boolean" ? said.status : undefined,
    silent: body.length === 0,
  };
}

/**
 * What an answer to createBulkExportRequest means; undefined where it means nothing.
 *
 * Source: guide, "Kick-off Request", "Response Payload" and "Error Response Payload".
 */
export function requestAnswer(
  statement: CcdStatement,
  settings: Pick<CcdProtocolSettings, "pendingElsewhereCodes">,
): CcdRequestAnswer | undefined {
  const { status, code, diagnostics, success } = statement;
  if (code !== undefined && settings.pendingElsewhereCodes.includes(code))
    return { state: "pending-elsewhere", requestId: statement.requestId };
  if (status >= 200 && status < 300 && success !== false)
    return statement.requestId === undefined ? undefined : { state: "created", requestId: statement.requestId };
  if (status < 300 || (status >= 400 && status < 500)) return { state: "refused", status, code, diagnostics };
  return undefined;
}

/**
 * Why an answer to bulkDownload means "not ready yet", in words of ours; undefined where it does not.
 * The guide says nothing about it: settings and docs/integra-notes.md hold what is assumed.
 */
export function notReadyReason(
  { status, code, diagnostics, word, silent }: CcdStatement,
  { notReady }: Pick<CcdProtocolSettings, "notReady">,
): string | undefined {
  if (notReady.statuses.includes(status)) return `HTTP ${status}`;
  if (notReady.emptyBody && status === 200 && silent) return "an answer without a body";
  if (code !== undefined && notReady.codes.includes(code)) return `the code ${code}`;
  if (word !== undefined && notReady.states.includes(word)) return `the state "${word}"`;
  const text = diagnostics.toLowerCase();
  const phrase = notReady.phrases.find((candidate) => text.includes(candidate.toLowerCase()));
  if (phrase !== undefined) return `HTTP ${status} and the words "${phrase}"`;
  if (notReady.anyNotFound && status === 404) return "HTTP 404";
  return undefined;
}
