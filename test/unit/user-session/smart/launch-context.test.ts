import { describe, expect, it } from "vitest";
import { isConfiguredServer, patientOf } from "#user-session/smart/launch-context.ts";

const fhirUrl = new URL("https://fhir.example/r4/");

describe("the patient of a launch", () => {
  it.each([
    ["123", "123"],
    ["Patient/123", "123"],
    ["https://fhir.example/r4/Patient/123", "123"],
    [" 123 ", "123"],
    [123, "123"],
  ])("%j is the patient %s", (value, id) => {
    expect(patientOf(value, fhirUrl)).toBe(id);
  });

  it.each([undefined, null, ""])("%j names none", (value) => {
    expect(patientOf(value, fhirUrl)).toBeUndefined();
  });

  it.each([
    1.5,
    // JSON has read it already, and may have rounded it.
    2 ** 53,
    { id: "123" },
    ["123"],
    "Practitioner/123",
    "https://other.example/r4/Patient/123",
    "Patient/1/2",
    "../123",
    "Patient/Patient/123",
    "..",
  ])("%j is refused, because it is not certain which patient is meant", (value) => {
    expect(() => patientOf(value, fhirUrl)).toThrow(expect.objectContaining({ reason: "patient-unreadable" }));
  });
});

describe("the server of an EHR launch", () => {
  it.each(["https://fhir.example/r4", "https://fhir.example/r4/"])("%s is ours", (iss) => {
    expect(isConfiguredServer(iss, fhirUrl)).toBe(true);
  });

  it.each([
    "https://user@fhir.example/r4",
    "https://fhir.example:443/r4",
    "https://fhir.example:8443/r4",
    "https://fhir.example/x/../r4",
    "https://fhir.example/r4//",
    "https://FHIR.example/r4",
    "http://fhir.example/r4",
    "https://fhir.example/r4?x=1",
    "https://evil.example/r4",
    "",
  ])("%j is not ours", (iss) => {
    expect(isConfiguredServer(iss, fhirUrl)).toBe(false);
  });
});
