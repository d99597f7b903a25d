import type { Session } from "../sign-in/session.ts";
import { ApiFailure, failureOf } from "./failure.ts";

interface CallOptions {
  method?: "GET" | "POST" | "DELETE";
  headers?: Record<string, string>;
  body?: string | URLSearchParams;
  signal?: AbortSignal;
}

/** Calls the API with the user's token, below `/api` of the console's own origin. */
export class Api {
  readonly #session: Session;
  readonly #apiUrl: string;

  /** @param apiUrl the URL with which links in answers begin */
  constructor(session: Session, apiUrl: string) {
    this.#session = session;
    this.#apiUrl = apiUrl.replace(/\/$/, "");
  }

  /**
   * The answer to a call.
   * @param path a path of the API, or a link of an answer
   * @throws ApiFailure if the API does not serve the call
   */
  async call(path: string, options: CallOptions = {}): Promise<Response> {
    const token = this.#session.token();
    if (token === undefined) throw signedOut();
    const response = await fetch(`/api${this.#pathOf(path)}`, {
      ...options,
      headers: { ...options.headers, authorization: `Bearer ${token}` },
      cache: "no-store",
      credentials: "omit",
      redirect: "manual",
      referrerPolicy: "no-referrer",
    });
    if (response.ok || response.type === "opaqueredirect") return response;
    if (response.status === 401) this.#session.refuse();
    throw await failureOf(response);
  }

  /**
   * The JSON of an answer, in the form that the API's description gives it (docs/openapi.json).
   * @throws ApiFailure if the API does not serve the call
   */
  async json<Answer>(path: string, options: CallOptions = {}): Promise<Answer> {
    return (await (await this.call(path, options)).json()) as Answer;
  }

  /**
   * Posts a JSON body that has the same effect if it is sent again.
   * @throws ApiFailure if the API does not serve the call
   */
  async post<Answer>(path: string, body: object, idempotencyKey?: string): Promise<Answer> {
    const headers = {
      "content-type": "application/json",
      ...(idempotencyKey !== undefined && { "idempotency-key": idempotencyKey }),
    };
    return await this.json<Answer>(path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  /** A link of an answer as a path. A link that leads elsewhere is no link of this API. */
  #pathOf(link: string): string {
    if (link.startsWith("/")) return link;
    if (link.startsWith(`${this.#apiUrl}/`)) return link.slice(this.#apiUrl.length);
    throw new ApiFailure("A link leads elsewhere", {
      status: 0,
      detail: "A link of the API's answer is not the API's.",
    });
  }
}

const signedOut = (): ApiFailure =>
  new ApiFailure("You are signed out", { status: 401, detail: "Sign in again to go on." });
