import { type AgeGroup, REFERENCE_DATE } from "#local/simulator/records/age-groups.ts";
import { CITIES, FAMILY_NAMES, GIVEN_NAMES, TERMINOLOGY, US_CORE } from "#local/simulator/records/code-tables.ts";
import type { ResourceBook, ResourceContent } from "#local/simulator/records/resource-book.ts";
import type { SeededRandom } from "#local/simulator/records/seeded-random.ts";
import type { SupportingReferences } from "#local/simulator/records/supporting-resources.ts";

const RACES = [
  { code: "2106-3", display: "White" },
  { code: "2054-5", display: "Black or African American" },
  { code: "2028-9", display: "Asian" },
] as const;

/** Adds one US Core patient of the age group and returns its reference. */
export function addPatient(
  book: ResourceBook,
  random: SeededRandom,
  group: AgeGroup,
  supporting: SupportingReferences,
): string {
  const family = random.pick(FAMILY_NAMES);
  const given = random.pick(GIVEN_NAMES);
  const gender = random.pick(["male", "female"]);
  return book.add("Patient", "us-core-patient", group.id, {
    extension: [
      raceExtension(random),
      { url: `${US_CORE}/us-core-birthsex`, valueCode: gender === "male" ? "M" : "F" },
    ],
    identifier: [
      {
        use: "usual",
        type: { coding: [{ system: `${TERMINOLOGY}/v2-0203`, code: "MR" }], text: "patientId" },
        system: "urn:oid:2.16.840.1.113883.3.9999",
        value: String(random.integer(100_000, 999_999)),
      },
    ],
    active: true,
    name: [{ use: "usual", text: `${given} ${family}`, family, given: [given] }],
    telecom: [{ system: "phone", use: "mobile", value: `(912)555-${random.integer(1000, 9999)}` }],
    gender,
    birthDate: birthDate(random, group),
    deceasedBoolean: false,
    address: [homeAddress(random)],
    communication: [{ language: { coding: [{ system: "urn:ietf:bcp:47", code: "en-US" }] }, preferred: true }],
    generalPractitioner: [{ reference: random.pick(supporting.practitioners) }],
    managingOrganization: { reference: random.pick(supporting.organizations) },
  });
}

function homeAddress(random: SeededRandom): ResourceContent {
  const line = [`${random.integer(1, 99)} ADRIAN COURT`];
  return { use: "home", line, city: random.pick(CITIES), state: "GA", postalCode: "30458" };
}

function birthDate(random: SeededRandom, group: AgeGroup): string {
  const age = random.integer(group.youngest, group.oldest);
  const birth = new Date(`${REFERENCE_DATE}T00:00:00Z`);
  birth.setUTCFullYear(birth.getUTCFullYear() - age);
  // Up to 364 days more than the birthday itself keeps the age in whole years.
  birth.setUTCDate(birth.getUTCDate() - random.integer(0, 364));
  return birth.toISOString().slice(0, 10);
}

function raceExtension(random: SeededRandom): ResourceContent {
  const race = random.pick(RACES);
  return {
    url: `${US_CORE}/us-core-race`,
    extension: [
      { url: "ombCategory", valueCoding: { system: "urn:oid:2.16.840.1.113883.6.238", ...race } },
      { url: "text", valueString: race.display },
    ],
  };
}
