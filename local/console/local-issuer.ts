import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

/** An issuer for the console of a local stage. It signs everybody in at once, without a password: use it with synthetic data only. */
export interface LocalIssuer {
  url: string;
  clientId: string;
  /** The setting `api.jwt` of a stage that trusts this issuer, and whose other callers sign their calls. */
  trust: { issuer: string; audience: string[]; besideSignatures: true };
  /** Lets the console of this origin sign users in. */
  register(origin: string): void;
  /** Signs the next users in with this subject. */
  signInAs(subject: string): void;
  /** Refuses the next sign-in, as a user or an issuer may. */
  refuseNext(): void;
  close(): Promise<void>;
}

const algorithm = "RS256";
const clientId = "integra-bridge-console";
const audience = "integra-bridge-local";
const tokenSeconds = 3_600;
/** Who is signed in. The setting `api.exports` of the stage `local` names this subject. */
export const localUser = { sub: "local-user", name: "Local user" };

/** What a code stands for. Each code works once. */
interface Grant {
  challenge: string;
  nonce: string | null;
  redirectUri: string;
}

/**
 * Starts an issuer on 127.0.0.1: discovery, authorization endpoint, token endpoint and keys.
 *
 * Source: OpenID Connect Discovery 1.0; OpenID Connect Core 1.0, 3.1; RFC 7636 (PKCE); RFC 7517.
 */
export async function startLocalIssuer(): Promise<LocalIssuer> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm);
  const keys = [{ ...(await exportJWK(publicKey)), kid: "local", alg: algorithm, use: "sig" }];
  const origins = new Set<string>();
  const grants = new Map<string, Grant>();
  let refusesNext = false;
  let subject = localUser.sub;

  const sign = (claims: JWTPayload) =>
    new SignJWT({ ...claims })
      .setProtectedHeader({ alg: algorithm, kid: "local", typ: "JWT" })
      .setIssuer(url())
      .setIssuedAt()
      .setExpirationTime(`${tokenSeconds}s`)
      .sign(privateKey);

  const authorize = (query: URLSearchParams): string => {
    const redirectUri = query.get("redirect_uri") ?? "";
    if (!URL.canParse(redirectUri) || redirectUri !== `${new URL(redirectUri).origin}/`)
      throw new Error("redirect_uri is not the address of a console");
    if (!origins.has(new URL(redirectUri).origin) || query.get("client_id") !== clientId)
      throw new Error("no console of this address is registered");
    const back = new URL(redirectUri);
    back.searchParams.set("iss", url());
    back.searchParams.set("state", query.get("state") ?? "");
    const challenge = query.get("code_challenge") ?? "";
    if (refusesNext || query.get("code_challenge_method") !== "S256" || challenge === "") {
      back.searchParams.set("error", refusesNext ? "access_denied" : "invalid_request");
      refusesNext = false;
    } else {
      const code = randomUUID();
      grants.set(code, { challenge, nonce: query.get("nonce"), redirectUri });
      back.searchParams.set("code", code);
    }
    return back.href;
  };

  const exchange = async (form: URLSearchParams): Promise<object | undefined> => {
    const code = form.get("code") ?? "";
    const grant = grants.get(code);
    grants.delete(code);
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (grant?.challenge !== challenge || grant.redirectUri !== form.get("redirect_uri")) return undefined;
    return {
      access_token: await sign({ sub: subject, aud: audience }),
      id_token: await sign({
        ...localUser,
        sub: subject,
        aud: clientId,
        ...(grant.nonce !== null && { nonce: grant.nonce }),
      }),
      token_type: "Bearer",
      expires_in: tokenSeconds,
    };
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? "/", url());
    switch (`${request.method} ${pathname}`) {
      case "GET /.well-known/openid-configuration":
        return send(response, 200, discoveryOf(url()));
      case "GET /jwks.json":
        return send(response, 200, { keys });
      case "GET /authorize":
        response.writeHead(303, { location: authorize(searchParams), "cache-control": "no-store" }).end();
        return;
      case "POST /token": {
        const tokens = await exchange(new URLSearchParams(await text(request)));
        return send(response, tokens === undefined ? 400 : 200, tokens ?? { error: "invalid_grant" });
      }
      default:
        return send(response, 404, { error: "not_found" });
    }
  };

  const server = createServer((request, response) => {
    const { origin = "" } = request.headers;
    if (origins.has(origin)) response.setHeader("access-control-allow-origin", origin);
    answer(request, response).catch((error: unknown) => {
      send(response, 400, { error: "invalid_request", error_description: String(error) });
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url(),
    clientId,
    trust: { issuer: url(), audience: [audience], besideSignatures: true },
    register: (origin) => origins.add(origin),
    signInAs: (other) => {
      subject = other;
    },
    refuseNext: () => {
      refusesNext = true;
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

const discoveryOf = (issuer: string) => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks.json`,
  response_types_supported: ["code"],
  subject_types_supported: ["public"],
  id_token_signing_alg_values_supported: [algorithm],
  code_challenge_methods_supported: ["S256"],
  authorization_response_iss_parameter_supported: true,
});

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}
