import { describe, expect, it } from "vitest";
import { patientSearchParameters } from "#on-demand-api/language/patient-search.ts";

describe("a patient search", () => {
  it.each([
    ["gender, birth date and phone", { gender: "male", birthdate: "1996-07-08", phone: "(912)294-1514" }],
    ["gender, birth date and email", { gender: "male", birthdate: "1996-07-08", email: "p.heuvel@gmail.com" }],
    ["these with a given name", { given: "Pieter", gender: "male", birthdate: "1996-07-08", phone: "1" }],
    ["the guide's example", { family: "Steve", birthdate: "1996-07-08" }],
    ["a value that only the server can judge", { gender: "xyz" }],
  ])("a patient search by %s is accepted", (_, parameters) => {
    expect(patientSearchParameters.parse(parameters)).toEqual(parameters);
  });

  it.each([
    ["nothing", {}],
    ["an unknown name", { pat: "Integra" }],
    ["an unknown name beside known ones", { gender: "male", name: "x" }],
    ["an empty value", { gender: "" }],
    ["a list", { gender: ["male", "female"] }],
    ["a value that is too long", { family: "x".repeat(257) }],
  ])("a patient search by %s is refused", (_, parameters) => {
    expect(patientSearchParameters.safeParse(parameters).success).toBe(false);
  });
});
