import { fhirReply } from "#local/simulator/fhir/searchset.ts";
import {
  accessDenied,
  beyondScopes,
  invalidSearchParameters,
  outsideValueSet,
  type Reply,
  tomcatPage,
} from "#local/simulator/http/http-reply.ts";
import { type Demographics, demographicsOf } from "#local/simulator/records/patient-profile.ts";
import type { RequestContext } from "#local/simulator/simulator-state.ts";
import { checkUserBearer, isPermitted, maySee } from "#local/simulator/user-session/user-authorization.ts";

/** The guide spells both paths with and without a capital. */
const PATIENT_SEARCH_PATH = /^\/integra\/fhir\/r4\/(?:[Pp]atient|us-core\/[Pp][Aa][Tt][Ii][Ee][Nn][Tt])$/;
const GENDERS: ReadonlySet<string> = new Set(["male", "female", "other", "unknown"]);
/** https://hl7.org/fhir/R4/datatypes.html#date */
const DATE = /^\d{4}(-\d\d(-\d\d)?)?$/;

type Matcher = (patient: Demographics, value: string) => boolean;

/** The guide's keys, and `family` of its example. */
const MATCHERS: ReadonlyMap<string, Matcher> = new Map<string, Matcher>([
  ["birthdate", ({ birthDate }, value) => birthDate.startsWith(value)],
  ["email", (patient, value) => valuesOf(patient, "email").some((one) => one.toLowerCase() === value.toLowerCase())],
  ["gender", ({ gender }, value) => gender === value],
  ["phone", (patient, value) => valuesOf(patient, "phone").some((one) => digitsOf(one) === digitsOf(value))],
  ["given", ({ name }, value) => name.some(({ given = [] }) => given.some((one) => beginsWith(one, value)))],
  ["family", ({ name }, value) => name.some(({ family = "" }) => beginsWith(family, value))],
]);

/** The guide's "Combination of Search Parameters", and its example. */
const COMBINATIONS: ReadonlySet<string> = new Set([
  "birthdate,gender,phone",
  "birthdate,email,gender",
  "birthdate,gender,given,phone",
  "birthdate,email,gender,given",
  "birthdate,family",
]);

/** True if the path is that of a search for patients. */
export function isPatientSearchPath(path: string): boolean {
  return PATIENT_SEARCH_PATH.test(path);
}

/** Search for patients (guide: "API to Fetch Patient ID"). */
export function answerPatientSearch(context: RequestContext): Reply {
  const { state, request, query } = context;
  if (request.method !== "GET") return tomcatPage(405, "Method Not Allowed", "Use GET.", "not a GET");
  const check = checkUserBearer(context);
  if ("refusal" in check) return accessDenied(check.refusal);
  const parameters = new URLSearchParams(query);
  const refusal = wrongParameters(parameters, state.settings.searchCombinations);
  if (refusal !== null) return refusal;
  if (!isPermitted(check, "Patient", "s")) return beyondScopes("Patient");
  const matches = state.records
    .ofType("Patient")
    .filter(({ id, line }) => maySee(check, id) && isMatch(demographicsOf(line), parameters));
  const [only] = matches;
  if (state.settings.patientSearchAnswer === "bare-when-single" && only !== undefined && matches.length === 1) {
    return fhirReply(only.line);
  }
  return state.searches.begin({
    session: check.session,
    selfUrl: `${state.baseUrl}${(request.url ?? "").slice(1)}`,
    pageSize: state.settings.resourcePageSize,
    matches,
  });
}

function wrongParameters(parameters: URLSearchParams, combinations: "any" | "guide"): Reply | null {
  const names = [...new Set(parameters.keys())];
  const unknown = names.filter((name) => !MATCHERS.has(name));
  if (unknown.length > 0) return invalidSearchParameters(unknown);
  if (parameters.getAll("birthdate").some((value) => !DATE.test(value))) return invalidSearchParameters(["birthdate"]);
  if (parameters.getAll("gender").some((value) => !GENDERS.has(value))) return outsideValueSet("gender");
  if (combinations === "guide" && !COMBINATIONS.has(names.toSorted().join(","))) {
    return invalidSearchParameters(names);
  }
  return null;
}

function isMatch(patient: Demographics, parameters: URLSearchParams): boolean {
  return [...parameters].every(([name, value]) => MATCHERS.get(name)?.(patient, value) === true);
}

function valuesOf({ telecom }: Demographics, system: string): string[] {
  return telecom.filter((one) => one.system === system).map(({ value }) => value);
}

function digitsOf(phone: string): string {
  return phone.replaceAll(/\D/g, "");
}

/** String search ignores case and combining accents (https://hl7.org/fhir/R4/search.html#string). */
function beginsWith(text: string, value: string): boolean {
  return value !== "" && plain(text).startsWith(plain(value));
}

function plain(text: string): string {
  return text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();
}
