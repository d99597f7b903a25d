import { LOINC, TERMINOLOGY, UCUM } from "#local/simulator/records/code-tables.ts";
import { decimal, type ResourceBook, type ResourceContent } from "#local/simulator/records/resource-book.ts";
import type { SeededRandom } from "#local/simulator/records/seeded-random.ts";

/** The patient and the encounter of the resources, as literal references. */
export interface ProfileContext {
  readonly ageGroupId: string;
  readonly patient: string;
  readonly encounter: string;
  /** True for patients of an age that growth charts cover. */
  readonly isChild: boolean;
}

const TIME = "2024-05-06T07:08:09.010Z";

const PEDIATRIC = [
  {
    profile: "pediatric-bmi-for-age",
    code: "59576-9",
    display: "Body mass index (BMI) [Percentile] Per age and sex",
  },
  {
    profile: "head-occipital-frontal-circumference-percentile",
    code: "8289-1",
    display: "Head Occipital-frontal circumference Percentile",
  },
  {
    profile: "pediatric-weight-for-height",
    code: "77606-2",
    display: "Weight-for-length Per age and sex",
  },
] as const;

/**
 * Adds resources of the profiles in the guide's "List of US Core FHIR Resources" that no export has: report and note
 * exchange, pulse oximetry, and for children the growth charts.
 */
export function addFurtherProfiles(book: ResourceBook, random: SeededRandom, context: ProfileContext): void {
  const { ageGroupId, patient, encounter } = context;
  book.add("DiagnosticReport", "us-core-diagnosticreport-note", ageGroupId, {
    status: "final",
    category: [{ coding: [{ system: LOINC, code: "LP29684-5", display: "Radiology" }] }],
    code: { coding: [{ system: LOINC, code: "30746-2", display: "Portable XR Chest Views" }] },
    subject: { reference: patient },
    encounter: { reference: encounter },
    effectiveDateTime: TIME,
    issued: TIME,
  });
  addVitalSign(book, context, "us-core-pulse-oximetry", {
    code: {
      coding: [
        { system: LOINC, code: "2708-6", display: "Oxygen saturation in Arterial blood" },
        { system: LOINC, code: "59408-5", display: "Oxygen saturation in Arterial blood by Pulse oximetry" },
      ],
    },
    valueQuantity: percentage(random.integer(93, 99)),
  });
  if (!context.isChild) return;
  for (const { profile, code, display } of PEDIATRIC) {
    addVitalSign(book, context, profile, {
      code: { coding: [{ system: LOINC, code, display }] },
      valueQuantity: percentage(random.integer(3, 97)),
    });
  }
}

function addVitalSign(
  book: ResourceBook,
  { ageGroupId, patient, encounter }: ProfileContext,
  profile: string,
  content: ResourceContent,
): void {
  book.add("Observation", profile, ageGroupId, {
    status: "final",
    category: [{ coding: [{ system: `${TERMINOLOGY}/observation-category`, code: "vital-signs" }] }],
    subject: { reference: patient },
    encounter: { reference: encounter },
    effectiveDateTime: TIME,
    ...content,
  });
}

function percentage(value: number): ResourceContent {
  return { value: decimal(value, 1), unit: "%", system: UCUM, code: "%" };
}
