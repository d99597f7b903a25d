import { parseResourceScope } from "#local/simulator/oauth/scopes.ts";
import { isApiType } from "#local/simulator/records/resource-types.ts";

/** The scopes that the discovery documents name. Further ones are those of single types. */
export const SUPPORTED_SCOPES = [
  "openid",
  "fhirUser",
  "launch",
  "launch/patient",
  "launch/encounter",
  "offline_access",
  /** The guide's name of offline_access. */
  "offline",
  "patient/*.rs",
  "patient/*.read",
  "user/*.rs",
  "user/*.read",
];

const LABELS: Readonly<Record<string, string>> = {
  openid: "Know who you are",
  fhirUser: "See your own record as a user",
  offline_access: "Keep access while you are not signed in",
  offline: "Keep access while you are not signed in",
};

/** True if the server knows the scope. It only reads, so that scopes to write are not supported. */
export function isSupported(scope: string): boolean {
  if (SUPPORTED_SCOPES.includes(scope)) return true;
  const resource = parseResourceScope(scope);
  if (resource === null || resource.level === "system") return false;
  const isReading = resource.permissions.every((permission) => permission === "r" || permission === "s");
  return isReading && (resource.type === "*" || isApiType(resource.type));
}

/** True for a scope that asks for launch context. It is no permission, so that a user does not decide about it. */
export function isContextScope(scope: string): boolean {
  return scope === "launch" || scope.startsWith("launch/");
}

/** True if the scopes need one patient (SMART: "Standalone apps"). Scopes of a patient imply `launch/patient`. */
export function needsPatient(scopes: readonly string[]): boolean {
  return scopes.some((scope) => scope === "launch/patient" || scope.startsWith("patient/"));
}

/** True if one of the scopes is for FHIR resources. */
export function hasResourceScope(scopes: readonly string[]): boolean {
  return scopes.some((scope) => parseResourceScope(scope) !== null);
}

/** The scope in words, for the consent page. */
export function labelOf(scope: string): string {
  const resource = parseResourceScope(scope);
  if (resource === null) return LABELS[scope] ?? scope;
  const what = resource.type === "*" ? "all health records" : `records of type ${resource.type}`;
  return `Read ${what} ${resource.level === "patient" ? "of the patient" : "that you may see"}`;
}
