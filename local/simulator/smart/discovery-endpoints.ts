import { jsonReply, type Reply, tomcatPage } from "#local/simulator/http/http-reply.ts";
import type { RequestContext, SimulatorState } from "#local/simulator/simulator-state.ts";
import {
  AUTHORIZATION_PATH,
  issuerOf,
  KEYS_PATH,
  REVOCATION_PATH,
  urlOf,
} from "#local/simulator/smart/smart-endpoints.ts";
import { SUPPORTED_SCOPES } from "#local/simulator/smart/smart-scopes.ts";
import { userTokenUrl } from "#local/simulator/user-session/user-token-endpoint.ts";

/** SMART "Considerations for Cross-Origin Resource Sharing": any origin may read the discovery documents. */
const ANY_ORIGIN = { "access-control-allow-origin": "*" };
const KEYS_MAX_AGE_SECONDS = 300;

/** SMART: "Capabilities". */
const CAPABILITIES = [
  "launch-ehr",
  "launch-standalone",
  "authorize-post",
  "client-public",
  "client-confidential-symmetric",
  "client-confidential-asymmetric",
  "sso-openid-connect",
  "context-banner",
  "context-ehr-patient",
  "context-ehr-encounter",
  "context-standalone-patient",
  "permission-offline",
  "permission-patient",
  "permission-user",
  "permission-v1",
  "permission-v2",
];

/** The discovery document below the FHIR base (SMART: "Using Well-Known"). */
export function answerSmartConfiguration(context: RequestContext): Reply {
  return document(context, { ...commonMembers(context.state), capabilities: CAPABILITIES });
}

/** The discovery document of the issuer (OpenID Connect Discovery 3). */
export function answerOpenidConfiguration(context: RequestContext): Reply {
  return document(context, {
    ...commonMembers(context.state),
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    claims_supported: ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "fhirUser"],
  });
}

/** The public keys of id tokens (RFC 7517 5). */
export async function answerKeys(context: RequestContext): Promise<Reply> {
  return document(context, await context.state.signer.publicKeys(), {
    "cache-control": `public, max-age=${KEYS_MAX_AGE_SECONDS}`,
  });
}

function commonMembers(state: SimulatorState): object {
  return {
    issuer: issuerOf(state),
    jwks_uri: urlOf(state, KEYS_PATH),
    authorization_endpoint: `${urlOf(state, AUTHORIZATION_PATH)}?provider=idx`,
    token_endpoint: userTokenUrl(state),
    revocation_endpoint: urlOf(state, REVOCATION_PATH),
    grant_types_supported: ["authorization_code", "refresh_token"],
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    scopes_supported: SUPPORTED_SCOPES,
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic", "none", "private_key_jwt"],
    token_endpoint_auth_signing_alg_values_supported: ["RS384", "ES384"],
    ...(state.settings.issuerInCallback ? { authorization_response_iss_parameter_supported: true } : {}),
  };
}

function document({ request }: RequestContext, value: object, headers: Record<string, string> = {}): Reply {
  if (request.method !== "GET") return tomcatPage(405, "Method Not Allowed", "Use GET.", "not a GET");
  return jsonReply(200, value, { "content-type": "application/json", ...ANY_ORIGIN, ...headers });
}
