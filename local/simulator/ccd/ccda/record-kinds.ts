import * as z from "zod";
import type { ApiType } from "#local/simulator/records/resource-types.ts";

/** A type of resource, with a schema of the elements that documents need. */
export interface RecordKind<T> {
  readonly type: ApiType;
  readonly schema: z.ZodType<T>;
}

/** The elements of the kind that documents need. */
export type RecordOf<K> = K extends RecordKind<infer T> ? T : never;

const referenceSchema = z.object({ reference: z.string() });
const codingSchema = z.object({ system: z.string(), code: z.string(), display: z.string().default("") });
const conceptSchema = z.object({ coding: z.tuple([codingSchema], codingSchema) });
const quantitySchema = z.object({ value: z.number(), unit: z.string() });
const nameSchema = z.object({ family: z.string(), given: z.array(z.string()) });
const addressSchema = z.object({
  line: z.array(z.string()),
  city: z.string(),
  state: z.string(),
  postalCode: z.string(),
});
const ombSchema = z.object({
  url: z.string(),
  valueCode: z.string().optional(),
  extension: z.array(z.object({ valueCoding: codingSchema.optional() })).optional(),
});
const identifiersSchema = z.tuple([z.object({ system: z.string(), value: z.string() })], z.unknown());

function kind<S extends z.ZodRawShape>(type: ApiType, shape: S): RecordKind<z.infer<z.ZodObject<S>>> {
  return { type, schema: z.object(shape) };
}

export const PATIENT = kind("Patient", {
  id: z.string(),
  identifier: identifiersSchema,
  name: z.tuple([nameSchema], z.unknown()),
  telecom: z.array(z.object({ system: z.string(), value: z.string() })),
  gender: z.string(),
  birthDate: z.string(),
  address: z.tuple([addressSchema], z.unknown()),
  extension: z.array(ombSchema),
  managingOrganization: referenceSchema,
});
export const ENCOUNTER = kind("Encounter", {
  id: z.string(),
  type: z.tuple([conceptSchema], z.unknown()),
  period: z.object({ start: z.string(), end: z.string() }),
  participant: z.tuple([z.object({ individual: referenceSchema })], z.unknown()),
  location: z.tuple([z.object({ location: referenceSchema })], z.unknown()),
});
export const PRACTITIONER = kind("Practitioner", {
  id: z.string(),
  identifier: identifiersSchema,
  name: z.tuple([nameSchema], z.unknown()),
});
export const ORGANIZATION = kind("Organization", {
  id: z.string(),
  identifier: identifiersSchema,
  name: z.string(),
  address: z.tuple([addressSchema], z.unknown()),
});
export const LOCATION = kind("Location", { id: z.string(), name: z.string() });
export const CONDITION = kind("Condition", { id: z.string(), code: conceptSchema, onsetDateTime: z.string() });
export const ALLERGY_INTOLERANCE = kind("AllergyIntolerance", { id: z.string(), code: conceptSchema });
export const MEDICATION_REQUEST = kind("MedicationRequest", {
  id: z.string(),
  medicationReference: referenceSchema,
  authoredOn: z.string(),
  dosageInstruction: z.tuple([z.object({ text: z.string() })], z.unknown()),
});
export const MEDICATION = kind("Medication", { id: z.string(), code: conceptSchema });
export const IMMUNIZATION = kind("Immunization", {
  id: z.string(),
  vaccineCode: conceptSchema,
  occurrenceDateTime: z.string(),
});
export const PROCEDURE = kind("Procedure", { id: z.string(), code: conceptSchema, performedDateTime: z.string() });
export const DEVICE = kind("Device", {
  id: z.string(),
  type: conceptSchema,
  udiCarrier: z.tuple([z.object({ deviceIdentifier: z.string() })], z.unknown()),
});
export const OBSERVATION = kind("Observation", {
  id: z.string(),
  category: z.tuple([z.object({ coding: z.tuple([z.object({ code: z.string() })]) })], z.unknown()),
  code: conceptSchema,
  effectiveDateTime: z.string(),
  valueQuantity: quantitySchema.optional(),
  valueCodeableConcept: conceptSchema.optional(),
  component: z.array(z.object({ code: conceptSchema, valueQuantity: quantitySchema })).default([]),
});
export const GOAL = kind("Goal", { id: z.string(), description: z.object({ text: z.string() }) });
export const DOCUMENT_REFERENCE = kind("DocumentReference", {
  id: z.string(),
  type: conceptSchema,
  date: z.string(),
  content: z.tuple([z.object({ attachment: z.object({ data: z.base64() }) })], z.unknown()),
});
export const FAMILY_MEMBER_HISTORY = kind("FamilyMemberHistory", {
  id: z.string(),
  relationship: conceptSchema,
  condition: z.tuple([z.object({ code: conceptSchema })], z.unknown()),
});
export const SERVICE_REQUEST = kind("ServiceRequest", { id: z.string(), code: conceptSchema, authoredOn: z.string() });
