import {
  LABORATORY,
  LOINC,
  type Measurement,
  SMOKING,
  SNOMED,
  TERMINOLOGY,
  UCUM,
  VITAL_SIGNS,
} from "#local/simulator/records/code-tables.ts";
import { decimal, type ResourceBook, type ResourceContent } from "#local/simulator/records/resource-book.ts";
import type { SeededRandom } from "#local/simulator/records/seeded-random.ts";

/** The patient, the encounter and the time of one visit. */
export interface VisitContext {
  readonly ageGroupId: string;
  readonly patient: string;
  readonly encounter: string;
  readonly practitioner: string;
  /** FHIR dateTime of the visit. */
  readonly time: string;
}

/** Adds the vital signs, the smoking status and the laboratory results of one visit. Returns the results' references. */
export function addObservations(book: ResourceBook, random: SeededRandom, visit: VisitContext): string[] {
  for (const measurement of VITAL_SIGNS) {
    addObservation(book, visit, "us-core-vital-signs", "vital-signs", {
      code: { coding: [{ system: LOINC, code: measurement.code, display: measurement.display }] },
      valueQuantity: quantity(random, measurement),
    });
  }
  addBloodPressure(book, random, visit);
  addObservation(book, visit, "us-core-smokingstatus", "social-history", {
    code: { coding: [{ system: LOINC, code: "72166-2", display: "Tobacco smoking status" }] },
    valueCodeableConcept: { coding: [{ system: SNOMED, ...random.pick(SMOKING) }] },
  });
  return LABORATORY.map((measurement) =>
    addObservation(book, visit, "us-core-observation-lab", "laboratory", {
      code: { coding: [{ system: LOINC, code: measurement.code, display: measurement.display }] },
      valueQuantity: quantity(random, measurement),
      ...(random.chance(0.1) ? { note: [{ text: "Nüchtern – 空腹 – à jeun; “1.50” war der Vorwert" }] } : {}),
    }),
  );
}

function addBloodPressure(book: ResourceBook, random: SeededRandom, visit: VisitContext): void {
  const part = (code: string, display: string, low: number, high: number): ResourceContent => ({
    code: { coding: [{ system: LOINC, code, display }] },
    valueQuantity: quantity(random, { code, display, unit: "mm[Hg]", low, high, decimals: 1 }),
  });
  addObservation(book, visit, "us-core-blood-pressure", "vital-signs", {
    code: { coding: [{ system: LOINC, code: "85354-9", display: "Blood pressure panel" }] },
    component: [
      part("8480-6", "Systolic blood pressure", 95, 165),
      part("8462-4", "Diastolic blood pressure", 55, 100),
    ],
  });
}

function addObservation(
  book: ResourceBook,
  visit: VisitContext,
  profile: string,
  category: string,
  content: ResourceContent,
): string {
  return book.add("Observation", profile, visit.ageGroupId, {
    status: "final",
    category: [{ coding: [{ system: `${TERMINOLOGY}/observation-category`, code: category }] }],
    subject: { reference: visit.patient },
    encounter: { reference: visit.encounter },
    effectiveDateTime: visit.time,
    ...content,
  });
}

function quantity(random: SeededRandom, measurement: Measurement): ResourceContent {
  const { low, high, decimals, unit } = measurement;
  // Rounding to tenths makes trailing zeros common in values with two or three decimals.
  const value = Math.round((low + random.next() * (high - low)) * 10) / 10;
  return { value: decimal(value, decimals), unit, system: UCUM, code: unit };
}
