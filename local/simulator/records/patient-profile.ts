import * as z from "zod";
import { US_CORE } from "#local/simulator/records/code-tables.ts";
import { uniformOf } from "#local/simulator/records/seeded-random.ts";

const textSchema = z.string().optional();
const patientSchema = z.looseObject({
  resourceType: z.literal("Patient"),
  id: z.string(),
  extension: z.array(z.looseObject({ url: z.string() })),
  identifier: z.array(z.looseObject({ value: z.string() })),
  name: z.array(z.looseObject({ family: textSchema, given: z.array(z.string()).optional(), text: textSchema })),
  telecom: z.array(z.looseObject({ system: z.string(), value: z.string() })),
  gender: z.string(),
  birthDate: z.string(),
});

/** The elements that a search finds a patient by (guide: "API to Fetch Patient ID"). */
export type Demographics = z.infer<typeof patientSchema>;

const ETHNICITIES = [
  { code: "2135-2", display: "Hispanic or Latino" },
  { code: "2186-5", display: "Not Hispanic or Latino" },
] as const;

/** Reads the JSON text of a Patient. Throws ZodError if it lacks an element that every patient here has. */
export function demographicsOf(line: string): Demographics {
  return patientSchema.parse(JSON.parse(line));
}

/**
 * The Patient as the FHIR API serves it: the exported elements, and the e-mail address and the ethnicity of the guide's
 * samples. The exported bytes stay as they are.
 */
export function apiPatient(line: string, seed: number): string {
  const patient = demographicsOf(line);
  const ethnicity = ETHNICITIES[uniformOf(seed, patient.id, "ethnicity") < 0.3 ? 0 : 1];
  return JSON.stringify({
    ...patient,
    extension: [
      ...patient.extension,
      {
        url: `${US_CORE}/us-core-ethnicity`,
        extension: [
          { url: "ombCategory", valueCoding: { system: "urn:oid:2.16.840.1.113883.6.238", ...ethnicity } },
          { url: "text", valueString: ethnicity.display },
        ],
      },
    ],
    telecom: [...patient.telecom, { system: "email", use: "home", value: `patient.${patient.id}@example.org` }],
  });
}

/** A sibling of the patient, who differs by the given name, the id and the medical record number. */
export function twinOf(line: string, id: string, given: string): string {
  const patient = demographicsOf(line);
  const name = patient.name.map((one) => ({ ...one, given: [given], text: `${given} ${one.family ?? ""}`.trim() }));
  const identifier = patient.identifier.map((one) => ({ ...one, value: `${one.value}-${id}` }));
  return JSON.stringify({ ...patient, id, identifier, name });
}
