import * as z from "zod";
import {
  demographics,
  type KnownPatient,
  type PatientIdentifier,
  patientIdentifier,
} from "#ccd-retrieval/language/known-patient.ts";
import { fetchFhirPage, type PageResource, type UserClient } from "#user-session/fhir-page.ts";

/** More than any patient has. The parts go into one ledger item, and DynamoDB limits an item to 400 KB. */
const limits = { identifiers: 50, typesOfOne: 5, names: 20, givenOfOne: 10 };

/** Uses (FHIR R4, `identifier-use`) with which an identifier does not identify its patient today. */
const ignoredUses: ReadonlySet<string | undefined> = new Set(["temp", "old"]);

/**
 * Reads the server's Patient. Parts that are missing or malformed are left out.
 *
 * Source: FHIR R4, "RESTful API", `read`, and "Patient"; guide, "API to Fetch Patient ID", its two samples.
 * @returns everything known about the patient except the id; undefined if the server answers with another resource
 * @throws the faults of `fetchFhirPage`
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
  return parsePatient(resource, client.now());
}

/**
 * Takes from a Patient resource what the bridge uses.
 * @param now milliseconds since the epoch: identifiers that have expired by then are left out
 */
export function parsePatient(resource: PageResource, now: number): KnownPatient {
  return {
    identifiers: parseMembers(resource["identifier"], identifier, limits.identifiers).flatMap((one) =>
      parseIdentifier(one, now),
    ),
    demographics: {
      birthDate: parseOrUndefined(demographics.shape.birthDate, resource.birthDate) ?? null,
      gender: parseOrUndefined(demographics.shape.gender, resource.gender) ?? null,
      names: parseMembers(resource["name"], name, limits.names).map(({ family, given }) => ({
        family: parseOrUndefined(word, family) ?? null,
        given: parseMembers(given, word, limits.givenOfOne),
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

/** [] if the identifier has no value or is not in force: another patient may have an expired number by now. */
function parseIdentifier(
  { system, value, use, type, period }: z.infer<typeof identifier>,
  now: number,
): PatientIdentifier[] {
  const inForce = !ignoredUses.has(use) && (period === undefined || !isOver(period.end, now));
  const known = parseOrUndefined(word, value);
  if (!inForce || known === undefined) return [];
  const types = parseMembers(type?.coding, coding, limits.typesOfOne).map(({ code }) => code);
  return [{ system: parseOrUndefined(word, system) ?? null, value: known, types }];
}

/** Whether a period with this end is over, or cannot be read. A day, month or year is over when the next one begins. */
function isOver(end: string, now: number): boolean {
  if (/^\d{4}(?:-\d\d){0,2}$/.test(end)) return new Date(now).toISOString().slice(0, end.length) > end;
  return !(Date.parse(end) >= now);
}

/** The first valid members of a list, at most `limit` of them. */
function parseMembers<T>(list: unknown, schema: z.ZodType<T>, limit: number): T[] {
  const members: unknown[] = Array.isArray(list) ? list : [];
  return members
    .flatMap((member) => {
      const part = schema.safeParse(member);
      return part.success ? [part.data] : [];
    })
    .slice(0, limit);
}

function parseOrUndefined<T>(schema: z.ZodType<T>, value: unknown): T | undefined {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
