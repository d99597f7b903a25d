import { FHIR_API_PATH } from "#local/simulator/fhir/searchset.ts";
import type { SimulatorState } from "#local/simulator/simulator-state.ts";

type Base = Pick<SimulatorState, "baseUrl">;

/** Paths of the identity provider. The guide prints only that of the token endpoint; the others are the simulator's choice. */
const IDENTITY_PROVIDER = "/integra/Oauth2";
export const AUTHORIZATION_PATH = `${IDENTITY_PROVIDER}/authorize`;
export const SIGN_IN_PATH = `${IDENTITY_PROVIDER}/sign-in`;
export const PATIENT_CHOICE_PATH = `${IDENTITY_PROVIDER}/patient`;
export const CONSENT_PATH = `${IDENTITY_PROVIDER}/consent`;
export const REVOCATION_PATH = `${IDENTITY_PROVIDER}/revoke`;
export const KEYS_PATH = `${IDENTITY_PROVIDER}/jwks.json`;
export const OPENID_CONFIGURATION_PATH = `${IDENTITY_PROVIDER}/.well-known/openid-configuration`;
export const SMART_CONFIGURATION_PATH = `/${FHIR_API_PATH}/.well-known/smart-configuration`;

/** The FHIR base URL, which is `iss` of an EHR launch and `aud` of an authorization request. */
export function fhirBaseOf({ baseUrl }: Base): string {
  return baseUrl + FHIR_API_PATH;
}

/** The issuer of id tokens. It is not the FHIR base URL. */
export function issuerOf({ baseUrl }: Base): string {
  return baseUrl + IDENTITY_PROVIDER.slice(1);
}

/** The absolute URL of a path. */
export function urlOf({ baseUrl }: Base, path: string): string {
  return baseUrl + path.slice(1);
}
