import type * as z from "zod";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import {
  type FhirResourceType,
  hasPatientParameter,
  type SearchParameter,
  searchParameter,
} from "#on-demand-api/language/fhir-resource-types.ts";
import { type PatientSearchParameters, patientSearchParameters } from "#on-demand-api/language/patient-search.ts";

/** More than any search needs, and few enough for a URL. */
const mostParameters = 50;
const tooManyParameters = `there are more than ${mostParameters} parameters`;

/** The parameter that requests a further page. The cursor contains the whole search, so no other parameter may be sent. */
export const cursorParameter = "_cursor";

/**
 * The cursor of a query; undefined if it has none.
 * @throws ApiProblem (400) if the query has a further parameter
 */
export function cursorOf(query: URLSearchParams): string | undefined {
  const cursor = query.get(cursorParameter);
  if (cursor === null) return undefined;
  if (query.size === 1) return cursor;
  throw badRequest(["_cursor contains the whole search: send no other parameter with it"]);
}

/**
 * Reads the parameters of a patient search and checks their names. The server decides which combinations and values it
 * accepts.
 * @throws ApiProblem (400) that names every fault
 */
export function readPatientQuery(query: URLSearchParams): PatientSearchParameters {
  if (query.size > mostParameters) throw badRequest([tooManyParameters]);
  const names = [...query.keys()];
  const repeated = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  if (repeated.length > 0) throw badRequest(repeated.map((name) => `${name} is sent more than once`));
  return dataOf(patientSearchParameters.safeParse(Object.fromEntries(query)));
}

/**
 * Reads the parameters of a search for other resources. The server checks them, so any name in FHIR's form is accepted, with
 * one exception: `patient` is refused if the type has no such parameter. A server that ignores unknown parameters would
 * respond with the resources of all patients.
 * @throws ApiProblem (400) that names every fault
 */
export function readResourceQuery(type: FhirResourceType, query: URLSearchParams): SearchParameter[] {
  if (query.size > mostParameters) throw badRequest([tooManyParameters]);
  const byPatient = [...query.keys()].some((name) => /^patient(?:[.:]|$)/.test(name));
  if (byPatient && !hasPatientParameter(type))
    throw badRequest([`${type} has no parameter patient, because its resources belong to no patient`]);
  return [...query].map(([name, value]) => {
    const parsed = searchParameter.safeParse({ name, value });
    if (parsed.success) return parsed.data;
    throw badRequest(parsed.error.issues.map(({ message }) => `${name} ${message}`));
  });
}

/** @throws ApiProblem (400) if the query has a parameter */
export function requireNoQuery(query: URLSearchParams): void {
  if (query.size > 0) throw badRequest([...query.keys()].map((name) => `${name} is not a parameter of this request`));
}

function dataOf<T>(parsed: z.ZodSafeParseResult<T>): T {
  if (parsed.success) return parsed.data;
  throw badRequest(
    parsed.error.issues.flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((name) => `${name} is not a parameter of this search`)
        : [[...issue.path.map(String), issue.message].join(" ")],
    ),
  );
}

const badRequest = (faults: string[]): ApiProblem =>
  new ApiProblem("The search parameters are invalid", { status: 400, issue: "invalid", detail: faults });
