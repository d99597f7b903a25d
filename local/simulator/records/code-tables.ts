/** A code of a published terminology with its display text. */
export interface CodedConcept {
  readonly code: string;
  readonly display: string;
}

/** A measured quantity: LOINC code, UCUM unit and the range and decimals of its plausible values. */
export interface Measurement extends CodedConcept {
  readonly unit: string;
  readonly low: number;
  readonly high: number;
  readonly decimals: number;
}

export const SNOMED = "http://snomed.info/sct";
export const LOINC = "http://loinc.org";
export const RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm";
export const CVX = "http://hl7.org/fhir/sid/cvx";
export const UCUM = "http://unitsofmeasure.org";
export const TERMINOLOGY = "http://terminology.hl7.org/CodeSystem";
export const US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition";

export const CONDITIONS: readonly CodedConcept[] = [
  { code: "44054006", display: "Diabetes mellitus type 2" },
  { code: "38341003", display: "Hypertensive disorder, systemic arterial" },
  { code: "195967001", display: "Asthma" },
  { code: "399068003", display: "Malignant tumor of prostate" },
  { code: "254837009", display: "Malignant neoplasm of breast" },
  { code: "55822004", display: "Hyperlipidemia" },
];

export const ALLERGIES: readonly CodedConcept[] = [
  { code: "91936005", display: "Allergy to penicillin" },
  { code: "91935009", display: "Allergy to peanut" },
  { code: "300913006", display: "Allergy to shellfish" },
];

export const PROCEDURES: readonly CodedConcept[] = [
  { code: "73761001", display: "Colonoscopy" },
  { code: "80146002", display: "Excision of appendix" },
  { code: "65575008", display: "Biopsy of prostate" },
  { code: "367336001", display: "Chemotherapy" },
];

export const MEDICATIONS: readonly CodedConcept[] = [
  { code: "314076", display: "lisinopril 10 MG Oral Tablet" },
  { code: "197361", display: "amlodipine 5 MG Oral Tablet" },
  { code: "313782", display: "acetaminophen 325 MG Oral Tablet" },
  { code: "198145", display: "prednisone 10 MG Oral Tablet" },
  { code: "860975", display: "24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet" },
];

export const VACCINES: readonly CodedConcept[] = [
  { code: "140", display: "Influenza, seasonal, injectable, preservative free" },
  { code: "08", display: "Hep B, adolescent or pediatric" },
  { code: "03", display: "MMR" },
  { code: "115", display: "Tdap" },
];

export const DEVICES: readonly CodedConcept[] = [
  { code: "14106009", display: "Cardiac pacemaker" },
  { code: "2282003", display: "Breast implant" },
];

export const NOTES: readonly CodedConcept[] = [
  { code: "11506-3", display: "Progress note" },
  { code: "34117-2", display: "History and physical note" },
  { code: "18842-5", display: "Discharge summary" },
];

export const SMOKING: readonly CodedConcept[] = [
  { code: "266919005", display: "Never smoked tobacco" },
  { code: "8517006", display: "Ex-smoker" },
  { code: "449868002", display: "Smokes tobacco daily" },
];

export const LABORATORY: readonly Measurement[] = [
  { code: "2339-0", display: "Glucose [Mass/volume] in Blood", unit: "mg/dL", low: 70, high: 190, decimals: 1 },
  { code: "4548-4", display: "Hemoglobin A1c/Hemoglobin.total in Blood", unit: "%", low: 4, high: 9, decimals: 2 },
  { code: "2857-1", display: "Prostate specific Ag [Mass/volume]", unit: "ng/mL", low: 0, high: 9, decimals: 3 },
  { code: "718-7", display: "Hemoglobin [Mass/volume] in Blood", unit: "g/dL", low: 9, high: 17, decimals: 2 },
  {
    code: "2160-0",
    display: "Creatinine [Mass/volume] in Serum or Plasma",
    unit: "mg/dL",
    low: 0,
    high: 2,
    decimals: 2,
  },
];

export const VITAL_SIGNS: readonly Measurement[] = [
  { code: "29463-7", display: "Body weight", unit: "kg", low: 4, high: 110, decimals: 2 },
  { code: "8302-2", display: "Body height", unit: "cm", low: 50, high: 195, decimals: 1 },
  { code: "8867-4", display: "Heart rate", unit: "/min", low: 55, high: 110, decimals: 0 },
  { code: "8310-5", display: "Body temperature", unit: "Cel", low: 36, high: 38, decimals: 2 },
];

export const FAMILY_NAMES = [
  "Nichols",
  "García",
  "Łukaszewska",
  "山田",
  "O’Brien",
  "Müller",
  "Nguyễn",
  "Smith",
] as const;
export const GIVEN_NAMES = ["José", "Zoë", "Łucja", "日本", "George", "Ana", "Søren", "Rafał"] as const;
export const CITIES = ["STATESBORO", "San José", "Coeur d’Alene", "Springfield", "Cañon City"] as const;
