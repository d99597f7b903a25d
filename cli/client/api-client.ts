import * as z from "zod";
import { outcomeBody, problemBody } from "#on-demand-api/language/api-problem.ts";
import { CommandFailed } from "../output/command-failed.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { tolerantParse } from "./tolerant-parse.ts";

/** A call of the API: a path with its query, or a link of an answer. */
export interface ApiCall {
  method?: "GET" | "POST" | "DELETE";
  path: string;
  /** Sent as JSON, or as a form if it is `URLSearchParams`. */
  body?: object | URLSearchParams;
  headers?: Record<string, string>;
}

/** A client of the bridge's API. Its functions throw `CommandFailed` with the API's problem, in the words of the API. */
export interface ApiClient {
  /** Sends a call. Follows no redirect. Returns an answer below 400. */
  send(call: ApiCall): Promise<Response>;
  /** Sends a call and reads the answer. */
  read<Answer>(schema: z.ZodType<Answer>, call: ApiCall): Promise<Answer>;
  /** Reads a page and those that follow it. */
  pages<Page extends { next?: string | undefined }>(schema: z.ZodType<Page>, path: string): AsyncIterable<Page>;
}

export interface ApiClientPorts {
  /** The URL of the API, without a slash at its end. */
  url: string;
  /** `fetch` that identifies its caller. */
  send: typeof fetch;
  signal: AbortSignal;
  sleep: (ms: number) => Promise<void>;
}

/** A call is sent again after these times. */
const retriesMs = [500, 2_000, 8_000];
const longestRetryAfterMs = 30_000;
/** These answers say nothing about the call itself (RFC 9110, 15.6; RFC 6585, 4). */
const transientStatuses = new Set([429, 502, 503, 504]);

export function apiClient(ports: ApiClientPorts): ApiClient {
  const { url } = ports;
  const send = async ({ method = "GET", path, body, headers = {} }: ApiCall): Promise<Response> => {
    // A link of an answer must lead to the API: the signature is for it alone.
    const target = path.startsWith("/") ? `${url}${path}` : path;
    if (!target.startsWith(`${url}/`))
      throw new CommandFailed(`the API's link ${new URL(target).origin} leads to another place than ${url}`);
    const isForm = body instanceof URLSearchParams;
    const content = body && { "content-type": isForm ? "application/x-www-form-urlencoded" : "application/json" };
    const init = {
      method,
      headers: { ...content, ...headers },
      redirect: "manual" as const,
      ...(body && { body: isForm ? body.toString() : JSON.stringify(body) }),
    };
    // A POST without an Idempotency-Key would do its work twice.
    const repeatable = method !== "POST" || "idempotency-key" in headers || isForm;
    const answer = await sendPersistently(ports, target, init, repeatable ? retriesMs : []);
    if (answer.status >= 400) throw await failureOf(answer, `${method} ${new URL(target).pathname}`);
    return answer;
  };
  const read: ApiClient["read"] = async (schema, call) => {
    const answer = await send(call);
    return tolerantParse(schema, await answer.json(), `the API's answer to ${call.method ?? "GET"}`);
  };
  return {
    send,
    read,
    pages: async function* (schema, path) {
      for (let next: string | undefined = path; next !== undefined; ) {
        const page: z.infer<typeof schema> = await read(schema, { path: next });
        yield page;
        ({ next } = page);
      }
    },
  };
}

async function sendPersistently(
  ports: Omit<ApiClientPorts, "url">,
  target: string,
  init: RequestInit,
  delaysMs: readonly number[],
): Promise<Response> {
  const { send, signal, sleep } = ports;
  const [delayMs, ...laterMs] = delaysMs;
  let answer: Response;
  try {
    answer = await send(target, { ...init, signal });
  } catch (cause) {
    signal.throwIfAborted();
    if (delayMs === undefined)
      throw new CommandFailed(`the API at ${new URL(target).origin} cannot be reached`, {
        exitCode: exitCodes.unavailable,
        cause,
      });
    await sleep(delayMs);
    return await sendPersistently(ports, target, init, laterMs);
  }
  if (delayMs === undefined || !transientStatuses.has(answer.status)) return answer;
  await answer.body?.cancel();
  await sleep(retryAfterMs(answer) ?? delayMs);
  return await sendPersistently(ports, target, init, laterMs);
}

/** Seconds of a Retry-After in milliseconds; undefined if there are none that can be waited for. */
function retryAfterMs({ headers }: Response): number | undefined {
  const text = headers.get("retry-after") ?? "";
  const ms = Number(text) * 1000;
  return /^\d+$/.test(text) && ms <= longestRetryAfterMs ? ms : undefined;
}

/** A refusal by API Gateway itself. */
const gatewayMessage = z.object({ message: z.string() });

/** The failure of a call, in the words of the API. */
async function failureOf(answer: Response, call: string): Promise<CommandFailed> {
  const { status } = answer;
  const text = await answer.text();
  const exitCode = status >= 500 || status === 429 ? exitCodes.unavailable : exitCodes.refused;
  const content = jsonOf(text);
  const problem = problemBody.loose().safeParse(content).data;
  if (problem !== undefined) {
    const { title, detail, requestId, candidates } = problem;
    const message = detail === `${title}.` ? title : `${title}: ${detail}`;
    const action = candidates?.length ? `the ids are ${candidates.join(", ")}` : undefined;
    return new CommandFailed(message, { exitCode, status, requestId, action });
  }
  const requestId = answer.headers.get("x-request-id") ?? answer.headers.get("apigw-requestid") ?? undefined;
  const [issue] = outcomeBody.loose().safeParse(content).data?.issue ?? [];
  if (issue !== undefined)
    return new CommandFailed(`${issue.details.text}: ${issue.diagnostics}`, { exitCode, status, requestId });
  const words = gatewayMessage.safeParse(content).data?.message ?? "no reason";
  return new CommandFailed(`the API answered ${status} to ${call}: ${words}`, {
    exitCode,
    status,
    requestId,
    action: actionsByStatus[status],
  });
}

/** What to do about API Gateway's own refusals: they have no words for it. */
const actionsByStatus: Record<number, string> = {
  401: "add --token-file with a token of the stage's issuer (setting api.jwt)",
  403: "check your AWS credentials, and that they may call execute-api:Invoke on this API",
};

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
