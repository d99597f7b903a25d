import { RESOURCE_TYPES, type ResourceType } from "#local/simulator/records/resource-types.ts";

const RESOURCE_SCOPE = /^(patient|user|system)\/(\*|[A-Za-z]+)\.(read|write|\*|c?r?u?d?s?)$/;
const V1_PERMISSIONS: Readonly<Record<string, string>> = { read: "rs", write: "cud", "*": "cruds" };

/** A scope for FHIR resources (SMART: "FHIR Resource Scope Syntax"), without search parameters. */
export interface ResourceScope {
  readonly level: string;
  /** "*" for all types. */
  readonly type: string;
  /** The SMART v2 letters. */
  readonly permissions: readonly string[];
}

/** Null if the scope is not one for FHIR resources. */
export function parseResourceScope(scope: string): ResourceScope | null {
  const [, level, type, suffix] = RESOURCE_SCOPE.exec(scope) ?? [];
  if (level === undefined || type === undefined || suffix === undefined || suffix === "") return null;
  return { level, type, permissions: (V1_PERMISSIONS[suffix] ?? suffix).split("") };
}

/** True when the requested scope lies within the registered ones (SMART Backend Services: "Evaluate Requested Access"). */
export function isScopeCovered(requested: string, registered: readonly string[]): boolean {
  const wanted = parseResourceScope(requested);
  if (wanted === null) return false;
  return registered.some((scope) => {
    const held = parseResourceScope(scope);
    if (held === null || held.level !== wanted.level) return false;
    if (held.type !== "*" && held.type !== wanted.type) return false;
    return wanted.permissions.every((permission) => held.permissions.includes(permission));
  });
}

/** The supported types that the scopes permit to read, in alphabetical order. */
export function readableTypes(scopes: readonly string[]): ResourceType[] {
  return RESOURCE_TYPES.filter((type) => isScopeCovered(`system/${type}.read`, scopes));
}
