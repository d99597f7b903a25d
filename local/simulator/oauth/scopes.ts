import { RESOURCE_TYPES, type ResourceType } from "#local/simulator/records/resource-types.ts";

const SYSTEM_SCOPE = /^system\/(\*|[A-Za-z]+)\.(read|write|\*|c?r?u?d?s?)$/;
const V1_PERMISSIONS: Readonly<Record<string, string>> = { read: "rs", write: "cud", "*": "cruds" };

interface SystemScope {
  readonly type: string;
  /** The SMART v2 letters. */
  readonly permissions: readonly string[];
}

function parseScope(scope: string): SystemScope | null {
  const [, type, suffix] = SYSTEM_SCOPE.exec(scope) ?? [];
  if (type === undefined || suffix === undefined || suffix === "") return null;
  return { type, permissions: (V1_PERMISSIONS[suffix] ?? suffix).split("") };
}

/** True when the requested scope lies within the registered ones (SMART Backend Services: "Evaluate Requested Access"). */
export function isScopeCovered(requested: string, registered: readonly string[]): boolean {
  const wanted = parseScope(requested);
  if (wanted === null) return false;
  return registered.some((scope) => {
    const held = parseScope(scope);
    if (held === null || (held.type !== "*" && held.type !== wanted.type)) return false;
    return wanted.permissions.every((permission) => held.permissions.includes(permission));
  });
}

/** The supported types that the scopes permit to read, in alphabetical order. */
export function readableTypes(scopes: readonly string[]): ResourceType[] {
  return RESOURCE_TYPES.filter((type) => isScopeCovered(`system/${type}.read`, scopes));
}
