import * as z from "zod";
import type { CcdProtocolSettings, CcdQuery } from "#ccd-retrieval/language/ccd-protocol.ts";
import { AccessRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import { authorisedRequest } from "#platform/http/authorised-request.ts";
import { type Headers, readBody } from "#platform/http/http.ts";
import { jsonOrUndefined } from "#platform/http/json-body.ts";
import { retryAfterMs } from "#platform/http/retry-after.ts";
import type { UserClient } from "#user-session/fhir-page.ts";
import {
  type CcdRefusal,
  type CcdRequestAnswer,
  type CcdStatement,
  notReadyReason,
  readStatement,
  requestAnswer,
} from "./ccd-answers.ts";
import { type CcdBody, type CcdDocuments, openCcdBody } from "./ccd-body.ts";
import { ccdDate } from "./ccd-date.ts";

/** What a try to download said: the documents, "not yet" in one of its forms, or that there will be none. */
export type CcdDownload =
  | ({ state: "ready" } & CcdDocuments)
  /** `reason` is in words of ours, good for logs. */
  | { state: "not-ready"; reason: string; retryAfterMs: number | undefined; emptyZip?: true }
  | ({ state: "failed" } & CcdRefusal);

export interface CcdDownloadRequest {
  requestId: string;
  emptyZips: number;
}

const bodyLimit = 256 * 1024;
const nonceAnswer = z.object({ nonceToken: z.string().min(1) });

/**
 * Asks for a patient's CCDs, one document an encounter.
 *
 * Source: guide, "Kick-off Request".
 * @throws ServerUnavailable where the answer says nothing; the request may have been made all the same
 * @throws AccessRefused, and what the session's tokens throw
 */
export async function createCcdRequest(
  client: UserClient,
  settings: CcdProtocolSettings,
  { patientId, startDate, endDate }: CcdQuery,
  signal?: AbortSignal,
): Promise<CcdRequestAnswer> {
  const constraints = {
    ...(startDate === undefined ? {} : { startDate: ccdDate(startDate) }),
    ...(endDate === undefined ? {} : { endDate: ccdDate(endDate) }),
    patientId,
  };
  const body = JSON.stringify({ actionName: settings.actionName, searchCriteria: { constraints } });
  const { requestUrl } = client.server.ccd;
  const answer = await post(client, settings, requestUrl, guideHeaders(settings), body, signal);
  const statement = readStatement(answer.status, answer.text, answer.credentials);
  const meaning = isBusy(statement.status) ? undefined : requestAnswer(statement, settings);
  if (meaning === undefined) throw unavailable("the request for CCDs", statement.status, answer.wait);
  return meaning;
}

/**
 * A nonce: it is good for one download.
 *
 * Source: guide, "Generate a nonce token".
 * @throws ServerUnavailable where the answer brings none; AccessRefused, and what the session's tokens throw
 */
export async function ccdNonce(
  client: UserClient,
  settings: CcdProtocolSettings,
  signal?: AbortSignal,
): Promise<string> {
  // The guide spells the app's version in another way here. Whoever reads it may read either.
  const headers = { ...guideHeaders(settings), appVerson: settings.device.appVersion };
  const { status, text, wait } = await post(client, settings, client.server.ccd.nonceUrl, headers, "{}", signal);
  const parsed = nonceAnswer.safeParse(jsonOrUndefined(text));
  if (status === 200 && parsed.success) return parsed.data.nonceToken;
  throw unavailable("the request for a nonce", status, wait);
}

/**
 * One try to download what was asked for, with a nonce of its own. A 401 here, right after the token was good for a nonce,
 * is about the nonce: it is tried once more with another one, and the token is not renewed for it. So is whatever refusal
 * speaks of the nonce.
 *
 * Source: guide, "API to View Patient Data in CCDA Format", steps 3 to 5.
 * @param request its id, as `createCcdRequest` gave it, and how many ZIPs without entries have come for it in a row so far
 * @throws AccessRefused where two nonces are refused
 * @throws OriginRefused where a redirect leads away from the allowed origins
 * @throws ServerUnavailable, and what the session's tokens throw
 */
export async function downloadCcd(
  client: UserClient,
  settings: CcdProtocolSettings,
  request: CcdDownloadRequest,
  signal?: AbortSignal,
): Promise<CcdDownload> {
  const first = await tryDownload(client, settings, request, signal);
  const last = first === "nonce-refused" ? await tryDownload(client, settings, request, signal) : first;
  if (last !== "nonce-refused") return last;
  throw new AccessRefused("the server refused two nonces, one after the other, for the download of CCDs");
}

async function tryDownload(
  client: UserClient,
  settings: CcdProtocolSettings,
  { requestId, emptyZips }: CcdDownloadRequest,
  signal: AbortSignal | undefined,
): Promise<CcdDownload | "nonce-refused"> {
  const nonceToken = await ccdNonce(client, settings, signal);
  const url = new URL(client.server.ccd.downloadUrl);
  url.searchParams.set("id", requestId);
  url.searchParams.set("nonceToken", nonceToken);
  const answer = await authorisedRequest(client, {
    method: "GET",
    url,
    headers: { ...guideHeaders(settings), "accept-encoding": "identity" },
    token: settings.token,
    origins: client.server.fileOrigins,
    renews: false,
    signal,
  });
  const wait = retryAfterMs(answer.headers["retry-after"], client.now());
  const body: CcdBody =
    answer.status === 200 ? await openCcdBody(answer) : { kind: "statement", text: await readBody(answer, bodyLimit) };
  if (body.kind === "statement") {
    const credentials = [...(answer.credentials ?? []), nonceToken];
    return judged(readStatement(answer.status, body.text, credentials), settings, wait);
  }
  if (body.kind === "empty-zip" && emptyZips < settings.notReady.emptyZips)
    return { state: "not-ready", reason: "a ZIP without entries", retryAfterMs: wait, emptyZip: true };
  return { state: "ready", ...body.documents };
}

function judged(
  statement: CcdStatement,
  settings: CcdProtocolSettings,
  wait: number | undefined,
): CcdDownload | "nonce-refused" {
  const reason = notReadyReason(statement, settings);
  if (reason !== undefined) return { state: "not-ready", reason, retryAfterMs: wait };
  const { status, code, diagnostics, success } = statement;
  if (status === 401 || (status < 500 && /nonce/i.test(diagnostics))) return "nonce-refused";
  if (!isBusy(status) && ((status >= 400 && status < 500) || success === false))
    return { state: "failed", status, code, diagnostics };
  throw unavailable("the download of CCDs", status, wait);
}

async function post(
  client: UserClient,
  settings: CcdProtocolSettings,
  url: URL,
  headers: Headers,
  body: string,
  signal: AbortSignal | undefined,
): Promise<{ status: number; text: Buffer; credentials: readonly string[]; wait: number | undefined }> {
  const answer = await authorisedRequest(client, {
    method: "POST",
    url,
    headers: { ...headers, "content-type": "application/json", "accept-encoding": "identity" },
    body,
    token: settings.token,
    origins: client.server.tokenOrigins,
    signal,
  });
  const wait = retryAfterMs(answer.headers["retry-after"], client.now());
  const { status, credentials = [] } = answer;
  return { status, text: await readBody(answer, bodyLimit), credentials, wait };
}

/** The guide's headers, which describe the app and its device (guide, "Kick-off Request", "Headers"). */
function guideHeaders({ apiInfo, device }: CcdProtocolSettings): Headers {
  return {
    "api-info": apiInfo,
    appVersion: device.appVersion,
    deviceBrand: device.brand,
    deviceModel: device.model,
    deviceScreenResolution: device.screenResolution,
    deviceOs: device.os,
    deviceOsVersion: device.osVersion,
    deviceNetworkProvider: device.networkProvider,
    deviceNetworkType: device.networkType,
  };
}

/** Says nothing about what was asked for. */
function isBusy(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

function unavailable(subject: string, status: number, wait: number | undefined): ServerUnavailable {
  const words = `HTTP ${status}${status < 300 ? " and nothing that could be understood" : ""}`;
  return new ServerUnavailable(`the server answered ${subject} with ${words}`, { retryAfterMs: wait });
}
