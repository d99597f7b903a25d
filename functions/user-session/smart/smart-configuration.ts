import { ServerUnavailable } from "#platform/faults/faults.ts";
import type { Http } from "#platform/http/http.ts";
import { isOfOrigin, placeOf } from "#platform/http/trusted-origins.ts";
import { LaunchFailed } from "#user-session/language/launch-faults.ts";
import { fetchJsonObject } from "./fetch-json-object.ts";

export interface DiscoveryPorts {
  http: Http;
  server: {
    /** The FHIR base URL, with a slash at its end. */
    fhirUrl: URL;
    /** The origins on which the endpoints of sign-in may be: those of the server, and those of the setting `smart.authorizationOrigins`. */
    signInOrigins: ReadonlySet<string>;
  };
  /** Called with what the configuration lacks, if a sign-in is possible without it. */
  onWarning: (fault: string) => void;
}

/** What the server says of its sign-in (SMART App Launch, "Conformance"; OpenID Connect Discovery, 3). */
export interface SmartConfiguration {
  /** The issuer of id_tokens. It need not be the FHIR base. */
  issuer: string;
  authorizationUrl: URL;
  tokenUrl: URL;
  jwksUrl: URL;
  /** Undefined if the server does not offer revocation (RFC 7009). */
  revocationUrl: URL | undefined;
  /** Whether each callback names the issuer (RFC 9207, 3). */
  namesIssuer: boolean;
}

/**
 * Reads the server's SMART configuration, at the configured FHIR base only. If it does not say where the keys of id_tokens or the two
 * endpoints are, the OpenID configuration of its issuer does: without keys no person can be identified.
 *
 * Source: SMART App Launch, "Using .well-known"; OpenID Connect Discovery 1.0, 4.
 * @throws LaunchFailed if the configuration lacks something, or leads to an origin that is not configured
 * @throws ServerUnavailable if the server does not answer in time, or not with a configuration
 */
export async function readSmartConfiguration({ http, server, onWarning }: DiscoveryPorts): Promise<SmartConfiguration> {
  const smart = await fetchConfiguration(http, new URL(".well-known/smart-configuration", server.fhirUrl));
  const isWhole = ["issuer", "jwks_uri", "authorization_endpoint", "token_endpoint"].every((name) =>
    isText(smart[name]),
  );
  const openId = isWhole ? {} : await readOpenId(http, server, smart);
  const endpointOf = (name: string) => endpoint(smart, name, server, server.fhirUrl) ?? endpoint(openId, name, server);
  requirePkce(smart["code_challenge_methods_supported"] ?? openId["code_challenge_methods_supported"], onWarning);
  const hasKeys = isText(smart["issuer"]) && isText(smart["jwks_uri"]);
  const keys = hasKeys ? smart : openId;
  return {
    issuer: required(isText(keys["issuer"]) ? keys["issuer"] : undefined, "issuer"),
    authorizationUrl: required(endpointOf("authorization_endpoint"), "authorization_endpoint"),
    tokenUrl: required(endpointOf("token_endpoint"), "token_endpoint"),
    jwksUrl: required(endpoint(keys, "jwks_uri", server, hasKeys ? server.fhirUrl : undefined), "jwks_uri"),
    revocationUrl: endpointOf("revocation_endpoint"),
    namesIssuer: [smart, openId].some((one) => one["authorization_response_iss_parameter_supported"] === true),
  };
}

/**
 * A server that names its methods without S256 does not check the proof, so its codes could be stolen (SMART App Launch, "Conformance",
 * `code_challenge_methods_supported`). One that names none may check it all the same: the bridge sends the proof, and warns.
 */
function requirePkce(methods: unknown, onWarning: DiscoveryPorts["onWarning"]): void {
  if (!Array.isArray(methods)) onWarning("code_challenge_methods_supported is missing");
  else if (!methods.includes("S256")) throw unusable("code_challenge_methods_supported lacks S256 (PKCE)");
}

/** The OpenID configuration of the issuer that the SMART configuration names, or of the FHIR base if it names none. */
async function readOpenId(
  http: Http,
  server: DiscoveryPorts["server"],
  { issuer }: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const place = isText(issuer) ? issuer : server.fhirUrl.href;
  const base = URL.parse(place);
  if (base === null) throw unusable("issuer is not a URL");
  if (!isOfOrigin(server.signInOrigins, base))
    throw unusable(`issuer leads to ${placeOf(base)}, which is not configured`);
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const openId = await fetchConfiguration(http, url);
  if (withoutSlash(openId["issuer"]) !== withoutSlash(place))
    throw unusable("issuer of its OpenID configuration is another one");
  return openId;
}

async function fetchConfiguration(http: Http, url: URL): Promise<Record<string, unknown>> {
  const name = url.pathname.slice(url.pathname.lastIndexOf("/") + 1);
  const json = await fetchJsonObject(http, url, name);
  if (json === undefined) throw new ServerUnavailable(`the server's ${name} is not a JSON object`);
  return json;
}

/**
 * A URL that a configuration names; undefined if it names none. Relative ones are for old servers (SMART App Launch, "Using .well-known").
 * @param base what a relative URL is relative to; undefined if it has to be absolute
 */
function endpoint(
  configuration: Record<string, unknown>,
  name: string,
  { signInOrigins }: Pick<DiscoveryPorts["server"], "signInOrigins">,
  base?: URL,
): URL | undefined {
  const value = configuration[name];
  if (!isText(value)) return undefined;
  const url = URL.parse(value, base?.href);
  if (url === null) throw unusable(`${name} is not a URL`);
  if (!isOfOrigin(signInOrigins, url))
    throw unusable(`${name} leads to ${placeOf(url)}, which is not configured (setting smart.authorizationOrigins)`);
  return url;
}

function required<Value>(value: Value | undefined, name: string): Value {
  if (value === undefined) throw unusable(`${name} is missing`);
  return value;
}

function unusable(fault: string): LaunchFailed {
  return new LaunchFailed(`the server's SMART configuration cannot be used: ${fault}`, { reason: "server-unusable" });
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const withoutSlash = (value: unknown) => (isText(value) ? value.replace(/\/$/, "") : undefined);
