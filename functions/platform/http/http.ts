import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { OriginRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import { isEndOfKeptConnection } from "./kept-connections.ts";
import { networkErrorCode, noAnswerFault } from "./network-faults.ts";
import { acceptedCodings, decodeBody } from "./reading/content-coding.ts";
import { readRetryAfter } from "./reading/retry-after.ts";
import { readServerText, type ServerText } from "./server-text.ts";
import { request } from "./undici-parts.ts";

export type Headers = Record<string, string>;

export interface HttpRequest {
  method: "GET" | "POST" | "DELETE";
  url: URL;
  headers: Headers;
  body?: string;
  signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Readable;
  /** The token that the request carried. The answer may quote it, and no message of ours may. */
  credentials?: readonly string[];
}

/** Sends one HTTP request: by undici in a Lambda function, by any function of this type in a test. */
export type Http = (request: HttpRequest) => Promise<HttpAnswer>;

/** How long the bridge waits for a server that says nothing, in milliseconds. */
export interface SilenceLimits {
  /** From the request to the answer's headers. */
  headersMs: number;
  /** Between two pieces of the body. */
  bodyMs: number;
}

const silenceLimits: SilenceLimits = { headersMs: 60_000, bodyMs: 60_000 };

/** How often a request is repeated at once: each time it may meet another connection that the server has closed. */
const mostRepeats = 3;

/**
 * HTTP through undici's `request`, which follows no redirect by itself and, unlike `fetch`, passes a cut body on as an
 * error. A server that falls silent ends as a fault: before its headers as the fault of the request, after them as the
 * error of the body. The dispatcher bounds the connecting.
 *
 * A GET or DELETE that meets the end of a kept connection before any answer is repeated at once (RFC 9110, 9.2.2; RFC 9112, 9.3.1). A POST
 * never is: the server may have acted on it.
 *
 * A request that does not say which codings it accepts accepts those that `readBody` decodes.
 * @throws ServerUnavailable if no answer came; CertificateRefused if the server's certificate is not accepted
 * @throws OriginRefused if the dispatcher refuses to connect
 */
export function undiciHttp(dispatcher: Dispatcher, limits: SilenceLimits = silenceLimits): Http {
  return async (asked) => {
    for (let repeats = 0; ; repeats += 1) {
      try {
        return await sendOnce(dispatcher, limits, asked);
      } catch (error) {
        asked.signal?.throwIfAborted();
        if (asked.method !== "POST" && repeats < mostRepeats && isEndOfKeptConnection(error)) continue;
        if (error instanceof OriginRefused) throw error;
        throw noAnswerFault(asked.url.origin, error);
      }
    }
  };
}

async function sendOnce(
  dispatcher: Dispatcher,
  limits: SilenceLimits,
  { method, url, headers, body, signal }: HttpRequest,
): Promise<HttpAnswer> {
  const answer = await request.call(dispatcher, {
    origin: url.origin,
    path: url.pathname + url.search,
    method,
    headers: { "accept-encoding": acceptedCodings, ...headers },
    signal: signal ?? null,
    body: body ?? null,
    headersTimeout: limits.headersMs,
    bodyTimeout: limits.bodyMs,
  });
  // The reader of the body gets its errors. Without a listener, an error of a body that is not read would end the process.
  answer.body.on("error", () => undefined);
  return { status: answer.statusCode, headers: answer.headers, body: answer.body };
}

/** A header's value as one text, exactly as it came; undefined if it is absent. For texts to people see `reading/header-text.ts`. */
export function headerText(answer: Pick<HttpAnswer, "headers">, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

/** The number of bytes on the wire that the answer announces for its body; undefined if it announces none. */
export function contentLength(answer: Pick<HttpAnswer, "headers">): number | undefined {
  const text = headerText(answer, "content-length")?.trim() ?? "";
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

/**
 * The whole body, decoded from its content coding: at most `limit` bytes, on the wire and decoded.
 * @throws CodingUnreadable at once if the body is in a coding that the bridge cannot read
 * @throws ServerUnavailable if the body is cut, damaged or longer than that
 */
export async function readBody(answer: HttpAnswer, limit: number): Promise<Buffer> {
  return await decodeBody(await readWire(answer, limit), answer.headers["content-encoding"], limit);
}

async function readWire(answer: HttpAnswer, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) throw new ServerUnavailable(`the answer is longer than ${limit} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof ServerUnavailable) throw error;
    throw new ServerUnavailable(`the answer broke off after ${size} bytes (${networkErrorCode(error)})`, {
      cause: error,
    });
  } finally {
    answer.body.destroy();
  }
  return Buffer.concat(chunks, size);
}

/** Reads a body that is not needed, so that its connection can be used again; at most 64 KiB of it. */
export async function discardBody(answer: HttpAnswer): Promise<void> {
  // How the body ends does not matter: the answer itself arrived.
  await readWire(answer, 64 * 1024).catch(() => undefined);
}

/** An answer that refuses the request or reports a failure: its words, and whether another attempt may succeed. */
export interface Refusal extends ServerText {
  status: number;
  /** Another attempt may succeed: 408, 425, 429, 503, any 5xx with a Retry-After, and any 5xx without a terminal OperationOutcome. */
  temporary: boolean;
  retryAfterMs: number | undefined;
}

const errorBodyLimit = 256 * 1024;

/** Reads an error answer to its end. If the body cannot be read, the status still counts. */
export async function readRefusal(answer: HttpAnswer, now: number): Promise<Refusal> {
  const body = await readBody(answer, errorBodyLimit).catch(() => Buffer.alloc(0));
  return refusalOf(answer, body, now);
}

/** An answer as a refusal, if its body has been read already. */
export function refusalOf(answer: HttpAnswer, body: Buffer, now: number): Refusal {
  const text = readServerText(body, answer.credentials);
  const { status } = answer;
  const wait = readRetryAfter(answer.headers["retry-after"], now);
  const busy =
    status === 408 || status === 425 || status === 429 || status === 503 || (status >= 500 && wait !== undefined);
  return { ...text, status, temporary: busy || (status >= 500 && text.outcome !== "terminal"), retryAfterMs: wait };
}

/** "HTTP 403 (ATTACHMENT_FILE_NOT_FOUND)". This may be said of any refusal, because a code never names a patient. */
export function refusalCodes({ status, codes }: Refusal): string {
  return codes.length === 0 ? `HTTP ${status}` : `HTTP ${status} (${codes.join(", ")})`;
}

/**
 * "HTTP 400: the server's words", for answers about a request, a job or a token. Not for answers about a file: their words may
 * be about the patient in it.
 */
export function refusalText(refusal: Refusal): string {
  return refusal.text === "" ? refusalCodes(refusal) : `HTTP ${refusal.status}: ${refusal.text}`;
}
