import { type Dispatcher, request } from "undici";
import * as z from "zod";
import type { SimulatorOptions } from "#local/simulator/options.ts";
import { type Simulator, startSimulator } from "#local/simulator/simulator.ts";

export const USER_ID = "clara";
/** Registered for client_secret_post. */
export const APP = { clientId: "portal-app", authMethod: "client_secret_post", clientSecret: "s3cret" } as const;

/** The headers of the guide's two POST requests, without the token, with both spellings of the version. */
export const DEVICE_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "application/json",
  "api-info": "V1",
  appVersion: "1.0",
  appVerson: "1.0",
  deviceBrand: "none",
  deviceModel: "none",
  deviceScreenResolution: "0x0",
  deviceOs: "linux",
  deviceOsVersion: "6",
  deviceNetworkProvider: "none",
  deviceNetworkType: "ethernet",
};

export interface Answer {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData["headers"];
  readonly body: Buffer;
  readonly text: string;
  /** The body as JSON. */
  readonly json: () => unknown;
}

/** A simulator with a user, the app of this user, and an access token. */
export interface UserFixture {
  readonly simulator: Simulator;
  readonly token: string;
  /** GET below the base URL with the user's bearer token, or with the given headers. */
  readonly get: (target: string, headers?: Record<string, string>) => Promise<Answer>;
  /** POST of JSON below the base URL with the user's x-auth-token and the guide's headers. */
  readonly post: (target: string, body: unknown, headers?: Record<string, string>) => Promise<Answer>;
  /** Requests the CCDs of a patient. */
  readonly requestCcds: (patientId: string, dates?: { startDate?: string; endDate?: string }) => Promise<Answer>;
  /** A nonce of the user. */
  readonly nonce: () => Promise<string>;
  /** Downloads a request's documents with a fresh nonce. */
  readonly download: (id: string, headers?: Record<string, string>) => Promise<Answer>;
  /** Ids of the first patients, in the order of the data. */
  readonly patientIds: readonly string[];
}

export const tokenSchema = z.strictObject({
  access_token: z.string(),
  expires_in: z.number(),
  id_token: z.string(),
  refresh_token: z.string(),
  scope: z.string(),
  token_type: z.string(),
});

/** Starts a simulator whose requests for CCDs take a minute unless a test completes them. */
export async function startUserFixture(options: Partial<SimulatorOptions> = {}): Promise<UserFixture> {
  const simulator = await startSimulator({
    clients: [],
    patients: 10,
    ccdDurationMs: 60_000,
    users: [{ userId: USER_ID, patients: "all" }],
    apps: [APP],
    ...options,
  });
  const token = await accessTokenOf(simulator, USER_ID);
  const get: UserFixture["get"] = (target, headers = { authorization: `Bearer ${token}` }) =>
    send(simulator.baseUrl + target, { headers });
  const post: UserFixture["post"] = (target, body, headers = { ...DEVICE_HEADERS, "x-auth-token": token }) =>
    send(simulator.baseUrl + target, { method: "POST", headers, body: JSON.stringify(body) });
  const nonce: UserFixture["nonce"] = async () => nonceOf(await post("integra/moNonce/generateNonceToken", {}));
  return {
    simulator,
    token,
    get,
    post,
    requestCcds: (patientId, dates = {}) =>
      post("integra/MoBulkExport/createBulkExportRequest", ccdRequestBody(patientId, dates)),
    nonce,
    download: async (id, headers = {}) =>
      get(`integra/MoBulkDownload/bulkDownload?id=${id}&nonceToken=${await nonce()}`, headers),
    patientIds: simulator.records.ofType("Patient").map(({ id }) => id),
  };
}

/** An access token of a registered user, from a new session. */
export async function accessTokenOf(simulator: Simulator, userId: string): Promise<string> {
  const refreshToken = simulator.openSession({ userId, clientId: APP.clientId });
  return tokenSchema.parse((await postForm(simulator, refreshForm(refreshToken))).json()).access_token;
}

/** The form of a refresh, by client_secret_post. */
export function refreshForm(refreshToken: string): Record<string, string> {
  return {
    grant_type: "refresh_token",
    refresh_token: refreshToken,
    client_id: APP.clientId,
    client_secret: APP.clientSecret,
  };
}

/** Posts a form to the users' token endpoint. */
export function postForm(
  simulator: Simulator,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return send(simulator.userTokenUrl, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    body: new URLSearchParams(form).toString(),
  });
}

/** The body of the guide's "Kick-off Request". */
export function ccdRequestBody(patientId: string, dates: { startDate?: string; endDate?: string } = {}): object {
  return { actionName: "ENCOUNTER_EXPORT", searchCriteria: { constraints: { ...dates, patientId } } };
}

/** The id of an accepted or of a pending request. */
export function requestIdOf(answer: Answer): string {
  return z.object({ bulkActionRequest: z.string() }).parse(answer.json()).bulkActionRequest;
}

export async function send(url: string, options: Parameters<typeof request>[1]): Promise<Answer> {
  const { statusCode, headers, body: stream } = await request(url, options);
  const body = Buffer.from(await stream.arrayBuffer());
  const text = body.toString("utf8");
  return { status: statusCode, headers, body, text, json: () => JSON.parse(text) };
}

function nonceOf(answer: Answer): string {
  return z.strictObject({ nonceToken: z.string() }).parse(answer.json()).nonceToken;
}
