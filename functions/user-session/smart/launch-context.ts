import { fhirId } from "#platform/fhir/fhir-id.ts";
import { LaunchFailed } from "#user-session/language/launch-faults.ts";

/**
 * The patient that a token answer names, as the bare id; undefined if it names none. `123` as a text or
 * a number, `Patient/123` and the resource's address at the FHIR base mean the same. The patient is never taken from `fhirUser`: a parent's or a physician's session is not
 * about themselves.
 *
 * Source: SMART App Launch, "Launch context arrives with your access_token".
 * @throws LaunchFailed if the answer names a patient in a form that cannot be read: whose record it is, is never guessed
 */
export function patientOf(value: unknown, fhirUrl: URL): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const isNumber = typeof value === "number" && Number.isSafeInteger(value);
  const text = typeof value === "string" || isNumber ? String(value).trim() : "";
  const reference = text.startsWith(fhirUrl.href) ? text.slice(fhirUrl.href.length) : text;
  const id = reference.startsWith("Patient/") ? reference.slice("Patient/".length) : reference;
  if (fhirId.safeParse(id).success) return id;
  const message = "the token endpoint named a patient in a form that is neither an id nor a reference to a Patient";
  throw new LaunchFailed(message, { reason: "patient-unreadable" });
}

/**
 * Whether an EHR's `iss` is the configured FHIR base. The texts are compared as they are, but for one slash at the end: a URL's
 * normalisation would make `https://fhir.example/x/../r4` equal.
 *
 * Source: SMART App Launch, "Launch App: EHR Launch".
 */
export function isConfiguredServer(iss: string, fhirUrl: URL): boolean {
  return iss.replace(/\/$/, "") === fhirUrl.href.replace(/\/$/, "");
}
