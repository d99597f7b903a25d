import * as z from "zod";
import {
  demographics,
  type KnownPatient,
  type PatientIdentifier,
  patientIdentifier,
} from "#ccd-retrieval/language/known-patient.ts";
import { fetchFhirPage, type PageResource, type UserClient } from "#user-session/fhir-page.ts";

/** More than any patient has. What is read goes into an item of the ledger, which has room for 400 KB. */
const most = { identifiers: 50, typesOfOne: 5, names: 20, givenOfOne: 10 };

/** Uses under which an identifier does not say who somebody is (FHIR R4, `identifier-use`). */
const passingUses: ReadonlySet<string | undefined> = new Set(["temp", "old"]);

/**
 * What the server knows of a patient beside its id; undefined where it answers with another resource than the one that was
 * asked for, which then says nothing of anybody. Parts that are missing or malformed are left out.
 *
 * Source: FHIR R4, "RESTful API", `read`, and "Patient"; guide, "API to Fetch Patient ID", its two samples.
 * @throws as `fetchFhirPage`
 */
export async function readPatient(
  client: UserClient,
  patientId: string,
  signal?: AbortSignal,
): Promise<KnownPatient | undefined> {
  const url = new URL(`Patient/${encodeURIComponent(patientId)}`, client.server.fhirUrl);
  const { resources } = await fetchFhirPage(client, url, "the read of one Patient", signal);
  const [resource] = resources;
  if (resources.length !== 1 || resource?.resourceType !== "Patient" || resource.id !== patientId) return undefined;
  return knownPatientOf(resource, client.now());
}

/** What a Patient resource says, at the time `now`. */
export function knownPatientOf(resource: PageResource, now: number): KnownPatient {
  return {
    identifiers: partsOf(resource["identifier"], identifier, most.identifiers).flatMap((one) => identifierOf(one, now)),
    demographics: {
      birthDate: valid(demographics.shape.birthDate, resource.birthDate) ?? null,
      gender: valid(demographics.shape.gender, resource.gender) ?? null,
      names: partsOf(resource["name"], name, most.names).map(({ family, given }) => ({
        family: valid(word, family) ?? null,
        given: partsOf(given, word, most.givenOfOne),
      })),
    },
  };
}

const word = patientIdentifier.shape.value;
const name = z.looseObject({ family: z.unknown().optional(), given: z.unknown().optional() });
const coding = z.looseObject({ code: word });
const identifier = z.looseObject({
  system: z.unknown().optional(),
  value: z.unknown().optional(),
  use: z.string().optional().catch(undefined),
  type: z.looseObject({ coding: z.unknown().optional() }).optional().catch(undefined),
  period: z.looseObject({ end: z.string() }).optional().catch(undefined),
});

/** None where it has no value, or is not in force: what is over may be another patient's by now. */
function identifierOf(
  { system, value, use, type, period }: z.infer<typeof identifier>,
  now: number,
): PatientIdentifier[] {
  const inForce = !passingUses.has(use) && (period === undefined || !isOver(period.end, now));
  const known = valid(word, value);
  if (!inForce || known === undefined) return [];
  const types = partsOf(type?.coding, coding, most.typesOfOne).map(({ code }) => code);
  return [{ system: valid(word, system) ?? null, value: known, types }];
}

/** Whether a period with this end is over, or may be. A day, month or year is over when the next one begins. */
function isOver(end: string, now: number): boolean {
  if (/^\d{4}(?:-\d\d){0,2}$/.test(end)) return new Date(now).toISOString().slice(0, end.length) > end;
  return !(Date.parse(end) >= now);
}

/** The first members of a list that are what they should be. */
function partsOf<T>(list: unknown, schema: z.ZodType<T>, mostParts: number): T[] {
  const members: unknown[] = Array.isArray(list) ? list : [];
  return members
    .flatMap((member) => {
      const part = schema.safeParse(member);
      return part.success ? [part.data] : [];
    })
    .slice(0, mostParts);
}

function valid<T>(schema: z.ZodType<T>, value: unknown): T | undefined {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
