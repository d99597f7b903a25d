import type { Readable } from "node:stream";
import { type Dispatcher, request } from "undici";
import { OriginRefused, ServerUnavailable } from "#platform/faults/faults.ts";
import { acceptedCodings, decodeBody } from "./reading/content-coding.ts";
import { readRetryAfter } from "./reading/retry-after.ts";
import { readServerText, type ServerText } from "./server-text.ts";

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
  /** The token that the request carried: the answer's words may quote it, and no message may. */
  credentials?: readonly string[];
}

/** How the bridge speaks HTTP: undici in a Lambda, anything of this shape in a test. */
export type Http = (request: HttpRequest) => Promise<HttpAnswer>;

/** How long the bridge waits for a server that says nothing, in milliseconds. */
export interface SilenceLimits {
  /** From the request to the answer's headers. */
  headersMs: number;
  /** Between two pieces of the body. */
  bodyMs: number;
}

const silenceLimits: SilenceLimits = { headersMs: 60_000, bodyMs: 60_000 };

/**
 * HTTP through undici's `request`, which follows no redirect by itself and, unlike `fetch`, passes a cut body on as an
 * error. A server that falls silent ends as a fault: before its headers as the fault of the request, after them as the
 * error of the body. The dispatcher bounds the connecting.
 *
 * A request that does not say which codings it accepts accepts those that `readBody` decodes.
 * @throws ServerUnavailable if no answer came
 * @throws OriginRefused if the dispatcher refuses to connect
 */
export function undiciHttp(dispatcher: Dispatcher, limits: SilenceLimits = silenceLimits): Http {
  return async ({ method, url, headers, body, signal }) => {
    try {
      const answer = await request(url, {
        method,
        headers: { "accept-encoding": acceptedCodings, ...headers },
        dispatcher,
        signal: signal ?? null,
        body: body ?? null,
        headersTimeout: limits.headersMs,
        bodyTimeout: limits.bodyMs,
      });
      // Whoever reads the body gets its errors; without a listener, one that nobody reads would end the process.
      answer.body.on("error", () => undefined);
      return { status: answer.statusCode, headers: answer.headers, body: answer.body };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof OriginRefused) throw error;
      throw new ServerUnavailable(`no answer from ${url.origin} (${networkErrorCode(error)})`, { cause: error });
    }
  };
}

/** The system's or undici's code of a network error, such as ECONNREFUSED: its message may quote a URL. */
export function networkErrorCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return networkErrorCode(error.errors[0]);
  if (!(error instanceof Error)) return "unknown network error";
  const code = (error as NodeJS.ErrnoException).code;
  return code ?? error.name;
}

/** A header's value as one text, exactly as it came; undefined if it is absent. For texts to people see `reading/header-text.ts`. */
export function headerText(answer: Pick<HttpAnswer, "headers">, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

/** The bytes that the body has on the wire, as the answer announces them; undefined where it does not. */
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

/** Reads a body that says nothing of interest, so that its connection can be used again; at most 64 KiB of it. */
export async function discardBody(answer: HttpAnswer): Promise<void> {
  // The answer itself arrived: how its body ends changes nothing.
  await readWire(answer, 64 * 1024).catch(() => undefined);
}

/** An answer that is not the one hoped for, read and judged: what it says and whether to ask again. */
export interface Refusal extends ServerText {
  status: number;
  /** 429, 503, whatever names a time to come back, and every other 5xx that does not say that the fault will stay. */
  temporary: boolean;
  retryAfterMs: number | undefined;
}

const errorBodyLimit = 256 * 1024;

/** Reads an error answer to its end. A body that cannot be read says nothing, the status still counts. */
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

/** "HTTP 403 (ATTACHMENT_FILE_NOT_FOUND)": what may be said of any refusal, because codes name nobody. */
export function refusalCodes({ status, codes }: Refusal): string {
  return codes.length === 0 ? `HTTP ${status}` : `HTTP ${status} (${codes.join(", ")})`;
}

/**
 * "HTTP 400: the server's words", for answers about a request, a job or a token. Not for answers about a file, whose words
 * may be about the patient in it.
 */
export function refusalText(refusal: Refusal): string {
  return refusal.text === "" ? refusalCodes(refusal) : `HTTP ${refusal.status}: ${refusal.text}`;
}
