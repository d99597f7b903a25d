import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  fhirResourceTypes,
  hasPatientParameter,
  searchParameter,
} from "#on-demand-api/language/fhir-resource-types.ts";
import { fhirId } from "#platform/fhir/fhir-id.ts";

describe("the guide's resource types", () => {
  it("the guide has 29 resource types", () => {
    expect(fhirResourceTypes).toHaveLength(29);
    expect(new Set(fhirResourceTypes).size).toBe(29);
  });

  it("every type has the parameter patient, except Patient itself and the types without a patient", () => {
    expect(fhirResourceTypes.filter((type) => !hasPatientParameter(type))).toEqual([
      "Location",
      "Medication",
      "Organization",
      "Patient",
      "Practitioner",
      "PractitionerRole",
    ]);
  });
});

describe("a resource's id", () => {
  it("a valid id never changes the path of a URL", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[./%a-z]{1,4}$/), fc.constantFrom(".", "..")), (id) => {
        fc.pre(fhirId.safeParse(id).success);
        expect(new URL(`Patient/${id}`, "https://s.example/r4/").pathname).toBe(`/r4/Patient/${id}`);
      }),
    );
  });

  it.each(["110318733539", "a", "A-1.b", "x".repeat(64)])("%s is a valid id", (id) => {
    expect(fhirId.safeParse(id).success).toBe(true);
  });

  it.each(["", ".", "..", "a/b", "a b", "ä", "x".repeat(65), "%2e%2e"])("%j is not a valid id", (id) => {
    expect(fhirId.safeParse(id).success).toBe(false);
  });
});

describe("a search parameter", () => {
  it.each(["patient", "_lastUpdated", "patient:Patient.name", "clinical-status", "code:in"])(
    "%s is a valid name of a search parameter",
    (name) => {
      expect(searchParameter.safeParse({ name, value: "x" }).success).toBe(true);
    },
  );

  it.each(["", "a=b", "a&b", "a b", "#", "x".repeat(129)])("%j is not a valid name of a search parameter", (name) => {
    expect(searchParameter.safeParse({ name, value: "x" }).success).toBe(false);
  });
});
