/** A scope for FHIR resources: `patient/Observation.rs?category=laboratory` (SMART App Launch, "Scopes for requesting FHIR Resources"). */
interface ResourceScope {
  level: string;
  type: string;
  /** Some of the letters of `cruds`. */
  permissions: string;
  /** A search that limits the resources; "" if there is none. */
  limit: string;
}

const scopePattern = /^(patient|user|system)\/(\*|[A-Z][A-Za-z]+)\.(read|write|\*|[cruds]{1,5})(?:\?(.+))?$/;

const patientChoice = "launch/patient";

/** Version 1 of SMART has these words for the letters of version 2. */
const letters: Readonly<Record<string, string>> = { read: "rs", write: "cud", "*": "cruds" };

/**
 * The scopes for FHIR resources that were asked for and not granted, as they were asked for. Whether a person is identified, a
 * patient is chosen and a refresh token is issued, the answer's own members decide: servers hide such scopes.
 *
 * Source: SMART App Launch, "Scopes and Launch Context"; RFC 6749, 3.3 and 5.1.
 * @param granted the answer's `scope`; undefined if it has none, which means that all was granted
 */
export function missingScopes(requested: readonly string[], granted: string | undefined): string[] {
  if (granted === undefined) return [];
  const held = granted.split(/\s+/).flatMap((scope) => readResourceScope(scope) ?? []);
  return requested.filter((text) => {
    const scope = readResourceScope(text);
    return scope !== undefined && !isCovered(scope, held);
  });
}

/**
 * The request for a choice of the patient, if the answer does not grant it. It counts only if the answer names no patient: then the
 * session would be about every patient whom its user may see.
 */
export function refusedChoice(requested: readonly string[], granted: string | undefined): string[] {
  const isRefused = granted !== undefined && !granted.split(/\s+/).includes(patientChoice);
  return isRefused ? requested.filter((scope) => scope === patientChoice) : [];
}

/** Each permission may come from another scope. */
function isCovered(scope: ResourceScope, held: readonly ResourceScope[]): boolean {
  const covering = held.filter(
    ({ level, type, limit }) =>
      level === scope.level && (type === "*" || type === scope.type) && (limit === "" || limit === scope.limit),
  );
  return scope.permissions
    .split("")
    .every((letter) => covering.some(({ permissions }) => permissions.includes(letter)));
}

function readResourceScope(text: string): ResourceScope | undefined {
  const [, level, type, permissions = "", limit = ""] = scopePattern.exec(text) ?? [];
  if (level === undefined || type === undefined) return undefined;
  return { level, type, permissions: letters[permissions] ?? permissions, limit };
}
