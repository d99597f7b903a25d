import { isResourceMatch, wrongResourceParameters } from "#local/simulator/fhir/resource-search.ts";
import { FHIR_API_PATH, fhirReply } from "#local/simulator/fhir/searchset.ts";
import {
  accessDenied,
  beyondScopes,
  operationOutcome,
  outsideLaunch,
  type Reply,
  tomcatPage,
} from "#local/simulator/http/http-reply.ts";
import { API_TYPES, isApiType, RESOURCE_TYPES } from "#local/simulator/records/resource-types.ts";
import type { RequestContext } from "#local/simulator/simulator-state.ts";
import {
  checkUserBearer,
  isAuthorized,
  isOutsideLaunch,
  isPermitted,
  maySee,
  type UserAccess,
} from "#local/simulator/user-session/user-authorization.ts";

const RESOURCE_PATH = /^\/integra\/fhir\/r4(?:\/([A-Za-z]+)(?:\/([^/]+))?)?$/;
/** Guide, "List of US Core FHIR Resources" and "API to Fetch Patient ID", which spells the type with and without a capital. */
const US_CORE_PATH = /^\/integra\/fhir\/r4\/us-core\/([A-Za-z]+)(?:\/([^/]+))?$/;
/** Guide, "API to View Patient Data": a search "by resource type or by patient compartment". */
const COMPARTMENT_PATH = /^\/integra\/fhir\/r4\/Patient\/([^/]+)\/([A-Za-z]+)$/;
const MAX_PAGE_SIZE = 200;

/** True if the path is one of the FHIR API, even of types that do not exist. */
export function isResourcePath(path: string): boolean {
  return [RESOURCE_PATH, US_CORE_PATH, COMPARTMENT_PATH].some((pattern) => pattern.test(path));
}

/** Search, read, or a further page of a search (guide: "List of FHIR R4 APIs"; FHIR R4: "RESTful API"). */
export function answerResource(context: RequestContext): Reply {
  const { state, request, path, query } = context;
  if (request.method !== "GET") return tomcatPage(405, "Method Not Allowed", "Use GET.", "not a GET");
  const check = checkUserBearer(context);
  if ("refusal" in check) return accessDenied(check.refusal);
  const parameters = new URLSearchParams(query);
  const [, patientId, typeInCompartment] = COMPARTMENT_PATH.exec(path) ?? [];
  if (patientId !== undefined && typeInCompartment !== undefined) {
    parameters.append("patient", patientId);
    return search(context, check, typeInCompartment, parameters);
  }
  const [, usCoreType, usCoreId] = US_CORE_PATH.exec(path) ?? [];
  if (usCoreType !== undefined) return answerUsCore(context, check, usCoreType, usCoreId);
  const [, type, id] = RESOURCE_PATH.exec(path) ?? [];
  if (type === undefined) {
    return state.searches.continue(parameters, check.session, `${state.baseUrl}${FHIR_API_PATH}?${query}`);
  }
  if (id === undefined) return search(context, check, type, parameters);
  return read(context, check, type, id);
}

/** US Core has the exported types, all of whose resources name their profile in `meta.profile`. */
function answerUsCore(context: RequestContext, access: UserAccess, name: string, id: string | undefined): Reply {
  const type = RESOURCE_TYPES.find((one) => one.toLowerCase() === name.toLowerCase());
  if (type === undefined) return unknownType(name, RESOURCE_TYPES);
  return id === undefined
    ? search(context, access, type, new URLSearchParams(context.query))
    : read(context, access, type, id);
}

function search(
  { state, request }: RequestContext,
  access: UserAccess,
  type: string,
  parameters: URLSearchParams,
): Reply {
  if (!isApiType(type)) return unknownType(type);
  if (!isPermitted(access, type, "s")) return beyondScopes(type);
  const refusal = wrongResourceParameters(type, parameters);
  if (refusal !== null) return refusal;
  if (namesOtherPatient(access, parameters)) return outsideLaunch();
  const matches = state.records
    .ofType(type)
    .filter((one) => (one.patientId === null || maySee(access, one.patientId)) && isResourceMatch(one, parameters));
  return state.searches.begin({
    session: access.session,
    selfUrl: `${state.baseUrl}${(request.url ?? "").slice(1)}`,
    pageSize: Math.min(Number(parameters.get("_count") ?? state.settings.resourcePageSize), MAX_PAGE_SIZE),
    matches,
  });
}

function read({ state }: RequestContext, access: UserAccess, type: string, id: string): Reply {
  if (!isApiType(type)) return unknownType(type);
  if (!isPermitted(access, type, "r")) return beyondScopes(type);
  const resource = state.records.find(type, id);
  // The same answer as for an unknown id: it must not reveal that a patient exists whom the user may not see.
  if (resource === undefined || (resource.patientId !== null && !isAuthorized(access.user, resource.patientId))) {
    return operationOutcome(404, `Resource ${type}/${id} is not known`, "not-found");
  }
  const isOutside = resource.patientId !== null && isOutsideLaunch(access.session, resource.patientId);
  return isOutside ? outsideLaunch() : fhirReply(resource.line);
}

/** True if a search asks for patients, all of whom are others than the launch's. */
function namesOtherPatient({ session }: UserAccess, parameters: URLSearchParams): boolean {
  return parameters
    .getAll("patient")
    .some((list) => list.split(",").every((value) => isOutsideLaunch(session, value.replace(/^Patient\//, ""))));
}

function unknownType(type: string, known: readonly string[] = API_TYPES): Reply {
  const diagnostics = `Unknown resource type '${type}' - Server knows how to handle: [${known.toSorted().join(", ")}]`;
  return operationOutcome(404, diagnostics, "not-supported");
}
