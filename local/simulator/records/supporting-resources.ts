import {
  CITIES,
  FAMILY_NAMES,
  GIVEN_NAMES,
  MEDICATIONS,
  RXNORM,
  SNOMED,
} from "#local/simulator/records/code-tables.ts";
import type { ResourceBook } from "#local/simulator/records/resource-book.ts";
import type { SeededRandom } from "#local/simulator/records/seeded-random.ts";

/** References to the resources that lie outside of every patient's compartment. */
export interface SupportingReferences {
  readonly organizations: readonly string[];
  readonly locations: readonly string[];
  readonly practitioners: readonly string[];
  readonly medications: readonly string[];
}

const REFERENCED = 6;

/**
 * Adds organizations, locations, practitioners, their roles, and medications. It adds one more of each kind than it
 * returns. No patient refers to that one, so that a system-level export has more than a patient-level one.
 */
export function addSupportingResources(book: ResourceBook, random: SeededRandom): SupportingReferences {
  const numbers = Array.from({ length: REFERENCED + 1 }, (_, index) => index + 1);
  const organizations = numbers.map((number) => addOrganization(book, random, number));
  const practitioners = numbers.map((number) => addPractitioner(book, random, number));
  const locations = numbers.map((number) =>
    book.add("Location", "us-core-location", null, {
      status: "active",
      name: `Clinic ${number} – ${random.pick(CITIES)}`,
      managingOrganization: { reference: organizations[number - 1] },
    }),
  );
  for (const number of numbers) {
    book.add("PractitionerRole", "us-core-practitionerrole", null, {
      active: true,
      practitioner: { reference: practitioners[number - 1] },
      organization: { reference: organizations[number - 1] },
      code: [{ coding: [{ system: SNOMED, code: "309343006", display: "Physician" }] }],
    });
  }
  const unreferenced = { code: "198211", display: "simvastatin 40 MG Oral Tablet" };
  const medications = [...MEDICATIONS, unreferenced].map((medication) =>
    book.add("Medication", "us-core-medication", null, {
      code: { coding: [{ system: RXNORM, ...medication }], text: medication.display },
      status: "active",
    }),
  );
  return {
    organizations: organizations.slice(0, REFERENCED),
    locations: locations.slice(0, REFERENCED),
    practitioners: practitioners.slice(0, REFERENCED),
    medications: medications.slice(0, MEDICATIONS.length),
  };
}

function addOrganization(book: ResourceBook, random: SeededRandom, number: number): string {
  return book.add("Organization", "us-core-organization", null, {
    identifier: [{ system: "http://hl7.org/fhir/sid/us-npi", value: String(1_003_000_000 + number) }],
    active: true,
    name: `${random.pick(FAMILY_NAMES)} Oncology & Urology ${number}`,
    address: [{ line: [`${number} Main Street`], city: random.pick(CITIES), state: "GA", postalCode: "30458" }],
  });
}

function addPractitioner(book: ResourceBook, random: SeededRandom, number: number): string {
  return book.add("Practitioner", "us-core-practitioner", null, {
    identifier: [{ system: "http://hl7.org/fhir/sid/us-npi", value: String(1_234_000_000 + number) }],
    active: true,
    name: [{ family: random.pick(FAMILY_NAMES), given: [random.pick(GIVEN_NAMES)], prefix: ["Dr."] }],
  });
}
