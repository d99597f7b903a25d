/** A document cannot be converted to FHIR. The message says why, and nothing about the patient. */
export class NotConvertible extends Error {
  override readonly name = "NotConvertible";
}
