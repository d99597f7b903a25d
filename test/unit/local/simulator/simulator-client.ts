import { randomUUID } from "node:crypto";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { type Dispatcher, request } from "undici";
import * as z from "zod";
import type { RegisteredClient, SimulatorOptions } from "#local/simulator/options.ts";
import { type Simulator, startSimulator } from "#local/simulator/simulator.ts";

/** A registered client with its private key. */
export interface TestClient {
  readonly registration: RegisteredClient;
  /** A signed assertion; the arguments override parts of a valid one. */
  assertion(claims: JWTPayload, header?: { alg?: string; typ?: string; kid?: string; jku?: string }): Promise<string>;
}

export const CLIENT_ID = "bridge-test";
export const ASYNC = { accept: "application/fhir+json", prefer: "respond-async" };

/** A client with a new key pair. */
export async function createTestClient(algorithm = "ES384", clientId = CLIENT_ID): Promise<TestClient> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm);
  const jwk = { ...(await exportJWK(publicKey)), kid: "key-1" };
  return {
    registration: { clientId, jwks: { keys: [jwk] }, scopes: ["system/*.read"] },
    assertion: async (claims, header = {}) =>
      new SignJWT({
        iss: clientId,
        sub: clientId,
        exp: Math.floor(Date.now() / 1000) + 240,
        jti: randomUUID(),
        ...claims,
      })
        .setProtectedHeader({ alg: algorithm, typ: "JWT", kid: "key-1", ...header })
        .sign(privateKey),
  };
}

/** Posts a form with the assertion to the token endpoint; null removes a field. */
export async function postToken(
  simulator: Simulator,
  assertion: string,
  overrides: Record<string, string | null> = {},
): Promise<{ status: number; headers: Dispatcher.ResponseData["headers"]; body: Record<string, unknown> }> {
  const fields: Record<string, string | null> = {
    grant_type: "client_credentials",
    scope: "system/*.read",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
    ...overrides,
  };
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== null) form.set(name, value);
  const response = await request(simulator.tokenUrl, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: form.toString(),
  });
  const body: unknown = await response.body.json();
  if (typeof body !== "object" || body === null) throw new Error("the token response is not an object");
  return { status: response.statusCode, headers: response.headers, body: { ...body } };
}

/** A simulator with a registered client and a valid token. */
export interface Fixture {
  readonly simulator: Simulator;
  readonly client: TestClient;
  readonly token: string;
  /** Sends a kick-off request for the path and query below the export base. */
  readonly kickOff: (target: string, headers?: Record<string, string>) => Promise<Dispatcher.ResponseData>;
  readonly get: (url: string, headers?: Record<string, string>) => Promise<Dispatcher.ResponseData>;
  /** Runs a whole export up to the manifest, with URLs as sent. */
  readonly exported: (target: string) => Promise<{ statusUrl: string; jobId: string; manifest: Manifest }>;
}

const entrySchema = z.strictObject({ type: z.string(), url: z.string(), count: z.number().optional() });

/** Exactly the elements that a manifest may have. */
export const manifestSchema = z.strictObject({
  transactionTime: z.string(),
  request: z.string(),
  requiresAccessToken: z.boolean(),
  output: z.array(entrySchema),
  error: z.array(entrySchema),
  outcome: z.array(entrySchema).optional(),
  deleted: z.array(entrySchema).optional(),
  link: z.array(z.strictObject({ relation: z.literal("next"), url: z.string() })).optional(),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** Starts a simulator whose jobs take a minute unless a test completes them. */
export async function startFixture(options: Partial<SimulatorOptions> = {}): Promise<Fixture> {
  const client = await createTestClient();
  const simulator = await startSimulator({
    clients: [client.registration],
    patients: 20,
    exportDurationMs: 60_000,
    ...options,
  });
  const { body } = await postToken(simulator, await client.assertion({ aud: simulator.tokenUrl }));
  const token = String(body["access_token"]);
  const get: Fixture["get"] = (url, headers = { authorization: `Bearer ${token}` }) => request(url, { headers });
  const kickOff: Fixture["kickOff"] = (target, headers = ASYNC) =>
    get(`${simulator.baseUrl}integra/fhir-export/r4/bulkExport/${target}`, {
      authorization: `Bearer ${token}`,
      ...headers,
    });
  const exported: Fixture["exported"] = async (target) => {
    const accepted = await kickOff(target);
    await accepted.body.dump();
    simulator.completeJobs();
    const statusUrl = String(accepted.headers["content-location"]);
    const manifest = manifestSchema.parse(await (await get(statusUrl)).body.json());
    return { statusUrl, jobId: statusUrl.split("/").at(-1) ?? "", manifest };
  };
  return { simulator, client, token, get, kickOff, exported };
}

/** The URL of a manifest entry without the guide's line breaks, absolute. */
export function cleanUrl(simulator: Simulator, entry: { url: string } | undefined): string {
  return new URL((entry?.url ?? "").replaceAll(/\s/g, ""), simulator.baseUrl).href;
}
