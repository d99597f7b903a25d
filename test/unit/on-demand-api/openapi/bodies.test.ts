import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ccdRequestBody } from "#on-demand-api/language/ccd-request-messages.ts";
import { patientSearchParameters } from "#on-demand-api/language/patient-search.ts";
import { validatorAt } from "../../../fixtures/described-answers.ts";

/** The value, or none. */
const maybe = (value: fc.Arbitrary<string>) => fc.option(value, { nil: undefined, freq: 2 });
const text = fc.oneof(
  { weight: 8, arbitrary: fc.string({ minLength: 1, maxLength: 12 }) },
  { weight: 1, arbitrary: fc.constantFrom("", "x".repeat(256), "x".repeat(257)) },
);
const demographics = fc.record(
  { family: maybe(text), given: maybe(text), gender: text, birthDate: text, phone: maybe(text), email: maybe(text) },
  { requiredKeys: [] },
);
const bodies = fc.record(
  {
    patientId: maybe(fc.stringMatching(/^[A-Za-z0-9-]{0,66}$/)),
    patient: fc.option(demographics, { nil: undefined }),
    startDate: maybe(fc.constantFrom("2026-01-31T00:00:00Z", "2026-01-31", "2026-01-31T00:00:00")),
    more: fc.option(fc.constant(1), { nil: undefined, freq: 1 }),
  },
  { requiredKeys: [] },
);
const searches = fc.record(
  { family: maybe(text), gender: maybe(text), birthdate: maybe(text), name: maybe(text) },
  { requiredKeys: [] },
);

/** As sent over the wire, without undefined members. */
const sent = (value: object): unknown => JSON.parse(JSON.stringify(value));

describe("the described schemas", () => {
  it("the described body of a CCD request accepts exactly what the bridge accepts", () => {
    const described = validatorAt("/paths/~1ccd-requests/post/requestBody/content/application~1json/schema");
    fc.assert(
      fc.property(bodies.map(sent), (body) => {
        expect(described(body)).toBe(ccdRequestBody.safeParse(body).success);
      }),
      { numRuns: 2_000 },
    );
  });

  it("the described form of a patient search accepts exactly what the bridge accepts", () => {
    const form = "application~1x-www-form-urlencoded";
    const described = validatorAt(`/paths/~1fhir~1Patient~1_search/post/requestBody/content/${form}/schema`);
    fc.assert(
      fc.property(searches.map(sent), (parameters) => {
        expect(described(parameters)).toBe(patientSearchParameters.safeParse(parameters).success);
      }),
      { numRuns: 1_000 },
    );
  });
});
