import { describe, expect, it } from "vitest";
import { limitedSearch, limitRead, requirePatient } from "#on-demand-api/fhir-api/patient-limit.ts";
import { fhirResourceTypes } from "#on-demand-api/language/fhir-resource-types.ts";
import { patientElements } from "#on-demand-api/language/patient-references.ts";
import type { FhirPage, PageResource } from "#user-session/fhir-page.ts";

const fhirUrl = new URL("https://fhir.example/r4/");
const patient = "p1";

const check =
  (...resources: PageResource[]) =>
  () =>
    requirePatient({ resources } as FhirPage, fhirUrl, patient);

/** A resource that refers to a patient by its type's own element. */
function resourceOf(resourceType: keyof typeof patientElements, reference: string): PageResource {
  const path = (patientElements[resourceType][0] ?? "subject").split(".").toReversed();
  const content = path.reduce<unknown>((value, name) => ({ [name]: name === "participant" ? [value] : value }), {
    reference,
  });
  return { resourceType, id: "r1", ...(content as object) };
}

const owned = fhirResourceTypes.filter((type) => patientElements[type].length > 0);

describe("an answer under a session with one patient", () => {
  it.each(owned)("%s of the patient passes, in each spelling, and of another patient does not", (type) => {
    for (const own of ["Patient/p1", "https://fhir.example/r4/Patient/p1", "Patient/p1/_history/2"])
      expect(check(resourceOf(type, own))).not.toThrow();
    for (const foreign of ["Patient/p2", "https://elsewhere.example/r4/Patient/p1", "p1", "#p1", "Group/p1"])
      expect(check(resourceOf(type, foreign))).toThrow("another patient");
    expect(check({ resourceType: type, id: "r1" })).toThrow("another patient");
  });

  it.each(fhirResourceTypes.filter((type) => patientElements[type].length === 0 && type !== "Patient"))(
    "%s belongs to nobody",
    (type) => {
      expect(check({ resourceType: type, id: "r1" })).not.toThrow();
    },
  );

  it("one resource of another patient withholds the whole page", () => {
    const own = resourceOf("Observation", "Patient/p1");
    expect(check(own, resourceOf("Condition", "Patient/p2"))).toThrow("another patient");
    expect(check(own, { resourceType: "Patient", id: "p2" })).toThrow("another patient");
    expect(check(own, { resourceType: "Patient", id: "p1" }, { resourceType: "OperationOutcome" })).not.toThrow();
    expect(check(own, { resourceType: "Basic", id: "b" })).toThrow("another patient");
  });

  it("a second patient among the subjects withholds the resource", () => {
    const subject = [{ reference: "Patient/p1" }, { reference: "Patient/p2" }];
    expect(check({ resourceType: "Account", id: "a", subject })).toThrow("another patient");
  });

  it("a Provenance belongs to the patient of the resource beside it", () => {
    const provenance = resourceOf("Provenance", "Observation/r1");
    expect(check(provenance)).toThrow("another patient");
    expect(check(provenance, resourceOf("Observation", "Patient/p1"))).not.toThrow();
  });
});

const search = (...pairs: [string, string][]) =>
  limitedSearch(
    "Observation",
    pairs.map(([name, value]) => ({ name, value })),
    patient,
  );

describe("a call under a session with one patient", () => {
  it("a search without a patient is limited to it", () => {
    expect(search(["code", "x"])).toEqual([
      { name: "patient", value: "p1" },
      { name: "code", value: "x" },
    ]);
  });

  it.each([["p1"], ["Patient/p1"]])("a search for %s stays as it is", (value) => {
    expect(search(["patient", value])).toEqual([{ name: "patient", value }]);
  });

  it.each<[string, string]>([
    ["patient", "p2"],
    ["patient", "p1,p2"],
    ["patient", "Group/p1"],
    ["patient:Patient", "p1"],
    ["patient:not", "p2"],
    ["patient.name", "x"],
    ["subject", "Patient/p2"],
    ["subject:Patient.name", "x"],
  ])("a search by %s=%s is refused", (name, value) => {
    expect(() => search([name, value])).toThrow("another patient");
    expect(() => search(["patient", "p1"], [name, value])).toThrow("another patient");
  });

  it("a read of another Patient is refused, and a read by another id waits for the answer", () => {
    expect(() => limitRead("Patient", "p2", patient)).toThrow("another patient");
    expect(() => limitRead("Patient", "p1", patient)).not.toThrow();
    expect(() => limitRead("Observation", "o1", patient)).not.toThrow();
  });
});
