import type { CcdProtocolSettings } from "#ccd-retrieval/language/ccd-protocol.ts";
import { AccessRefused } from "#platform/faults/faults.ts";
import { authorisedRequest } from "#platform/http/authorised-request.ts";
import { type HttpAnswer, readBody } from "#platform/http/http.ts";
import { readRetryAfter } from "#platform/http/reading/retry-after.ts";
import type { UserClient } from "#user-session/fhir-page.ts";
import { answerLimit, deviceHeaders, isBusy, unusableAnswer } from "./ccd-call.ts";
import { type DocumentStream, type DownloadBody, openDownloadBody } from "./download-body.ts";
import { notReadyReason } from "./not-ready.ts";
import { requestNonce } from "./request-nonce.ts";
import { readStatement, type ServerRefusal, type ServerStatement } from "./server-statement.ts";

/** What came of one attempt to download documents. */
export type CcdDownload =
  | ({ state: "ready" } & DocumentStream)
  /** `reason` is in the bridge's own words and may be logged. */
  | { state: "not-ready"; reason: string; retryAfterMs: number | undefined; emptyZip?: true }
  /** The server says that there will be no documents. */
  | ({ state: "failed" } & ServerRefusal);

export interface CcdDownloadRequest {
  serverRequestId: string;
  /** How many ZIPs without entries have come for it in a row so far. */
  emptyZips: number;
}

/**
 * Makes one attempt to download the documents of a server request, with a nonce of its own. The token was good for the nonce
 * a moment before. So a 401 here, like every refusal whose text speaks of the nonce, is about the nonce: the bridge tries
 * once more with another nonce and does not renew the token.
 *
 * Source: guide, "API to View Patient Data in CCDA Format", steps 3 to 5.
 * @throws AccessRefused if the server refuses two nonces
 * @throws OriginRefused if a redirect leads away from the allowed origins
 * @throws ServerUnavailable, and the faults of the session's tokens
 */
export async function downloadCcds(
  client: UserClient,
  settings: CcdProtocolSettings,
  request: CcdDownloadRequest,
  signal?: AbortSignal,
): Promise<CcdDownload> {
  const first = await downloadWithNonce(client, settings, request, signal);
  const last = first === "nonce-refused" ? await downloadWithNonce(client, settings, request, signal) : first;
  if (last !== "nonce-refused") return last;
  throw new AccessRefused(
    "the server refused two nonces in a row for the download of CCDs: check that the session's user may download them",
  );
}

async function downloadWithNonce(
  client: UserClient,
  settings: CcdProtocolSettings,
  request: CcdDownloadRequest,
  signal: AbortSignal | undefined,
): Promise<CcdDownload | "nonce-refused"> {
  const nonce = await requestNonce(client, settings, signal);
  const answer = await requestDownload(client, settings, { ...request, nonce }, signal);
  const wait = readRetryAfter(answer.headers["retry-after"], client.now());
  const body: DownloadBody =
    answer.status === 200
      ? await openDownloadBody(answer)
      : { kind: "statement", text: await readBody(answer, answerLimit) };
  if (body.kind === "statement") {
    const credentials = [...(answer.credentials ?? []), nonce];
    return interpret(readStatement(answer.status, body.text, credentials), settings, wait);
  }
  if (body.kind === "empty-zip" && request.emptyZips < settings.notReady.emptyZips)
    return { state: "not-ready", reason: "a ZIP without entries", retryAfterMs: wait, emptyZip: true };
  return { state: "ready", ...body.documents };
}

async function requestDownload(
  client: UserClient,
  settings: CcdProtocolSettings,
  { serverRequestId, nonce }: { serverRequestId: string; nonce: string },
  signal: AbortSignal | undefined,
): Promise<HttpAnswer> {
  const url = new URL(client.server.ccd.downloadUrl);
  url.searchParams.set("id", serverRequestId);
  url.searchParams.set("nonceToken", nonce);
  return await authorisedRequest(client, {
    method: "GET",
    url,
    headers: { ...deviceHeaders(settings), "accept-encoding": "identity" },
    token: settings.token,
    origins: client.server.fileOrigins,
    renews: false,
    signal,
  });
}

/** Says what an answer without documents means. */
function interpret(
  statement: ServerStatement,
  settings: CcdProtocolSettings,
  wait: number | undefined,
): CcdDownload | "nonce-refused" {
  const reason = notReadyReason(statement, settings);
  if (reason !== undefined) return { state: "not-ready", reason, retryAfterMs: wait };
  const { status, code, diagnostics, success } = statement;
  if (status === 401 || (status < 500 && /nonce/i.test(diagnostics))) return "nonce-refused";
  if (!isBusy(status) && ((status >= 400 && status < 500) || success === false))
    return { state: "failed", status, code, diagnostics };
  throw unusableAnswer("the download of CCDs", status, wait);
}
