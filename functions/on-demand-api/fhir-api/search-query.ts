import type * as z from "zod";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import {
  type FhirResourceType,
  hasPatientParameter,
  type SearchParameter,
  searchParameter,
} from "#on-demand-api/language/fhir-resource-types.ts";
import { type PatientSearchParameters, patientSearchParameters } from "#on-demand-api/language/patient-search.ts";

/** More than any search has, and few enough for a URL. */
const mostParameters = 50;

/** The parameter by which a further page is asked for. It stands alone: the search is in it. */
export const cursorParameter = "_cursor";

/**
 * The cursor of a query; undefined where it has none.
 * @throws ApiProblem where something else stands beside it
 */
export function cursorOf(query: URLSearchParams): string | undefined {
  const cursor = query.get(cursorParameter);
  if (cursor === null) return undefined;
  if (query.size === 1) return cursor;
  throw refused(["_cursor stands for the whole search: nothing may stand beside it"]);
}

/**
 * The parameters of a patient search, their names checked; which combinations and values are good, the server says.
 * @throws ApiProblem naming every fault
 */
export function patientQuery(query: URLSearchParams): PatientSearchParameters {
  const names = [...query.keys()];
  const repeated = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  if (repeated.length > 0) throw refused(repeated.map((name) => `${name} comes more than once`));
  return checked(patientSearchParameters.safeParse(Object.fromEntries(query)));
}

/**
 * The parameters of a search for other resources: any name of FHIR's form, for the server to judge. But a server that leaves
 * unknown parameters out of account would answer a search by patient with everybody's, where the type has no such parameter.
 * @throws ApiProblem naming every fault
 */
export function resourceQuery(type: FhirResourceType, query: URLSearchParams): SearchParameter[] {
  if (query.size > mostParameters) throw refused([`more than ${mostParameters} parameters`]);
  const byPatient = [...query.keys()].some((name) => /^patient(?:[.:]|$)/.test(name));
  if (byPatient && !hasPatientParameter(type))
    throw refused([`${type} has no parameter patient: it belongs to nobody`]);
  return [...query].map(([name, value]) => {
    const parsed = searchParameter.safeParse({ name, value });
    if (parsed.success) return parsed.data;
    throw refused(parsed.error.issues.map(({ message }) => `${name} ${message}`));
  });
}

/** A query that must be empty. */
export function noQuery(query: URLSearchParams): void {
  if (query.size > 0) throw refused([...query.keys()].map((name) => `${name} is not a parameter of this request`));
}

function checked<T>(parsed: z.ZodSafeParseResult<T>): T {
  if (parsed.success) return parsed.data;
  throw refused(
    parsed.error.issues.flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((name) => `${name} is not a parameter of this search`)
        : [[...issue.path.map(String), issue.message].join(" ")],
    ),
  );
}

const refused = (faults: string[]): ApiProblem =>
  new ApiProblem("The search parameters cannot be used", { status: 400, issue: "invalid", detail: faults.join("; ") });
