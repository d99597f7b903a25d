import { isResourceMatch, wrongResourceParameters } from "#local/simulator/fhir/resource-search.ts";
import { FHIR_API_PATH, fhirReply } from "#local/simulator/fhir/searchset.ts";
import { accessDenied, operationOutcome, type Reply, tomcatPage } from "#local/simulator/http/http-reply.ts";
import { API_TYPES, isApiType } from "#local/simulator/records/resource-types.ts";
import type { RequestContext } from "#local/simulator/simulator-state.ts";
import type { RegisteredUser } from "#local/simulator/user-api-options.ts";
import { checkUserBearer, maySee } from "#local/simulator/user-session/user-authorization.ts";

const RESOURCE_PATH = /^\/integra\/fhir\/r4(?:\/([A-Za-z]+)(?:\/([^/]+))?)?$/;
/** Guide, "API to View Patient Data": a search "by resource type or by patient compartment". */
const COMPARTMENT_PATH = /^\/integra\/fhir\/r4\/Patient\/([^/]+)\/([A-Za-z]+)$/;
const MAX_PAGE_SIZE = 200;

/** True when the path is one of the FHIR API; also of types that do not exist. */
export function isResourcePath(path: string): boolean {
  return RESOURCE_PATH.test(path) || COMPARTMENT_PATH.test(path);
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
    return search(context, check.user, typeInCompartment, parameters);
  }
  const [, type, id] = RESOURCE_PATH.exec(path) ?? [];
  if (type === undefined) {
    return state.searches.continue(parameters, check.user.userId, `${state.baseUrl}${FHIR_API_PATH}?${query}`);
  }
  if (id === undefined) return search(context, check.user, type, parameters);
  return read(context, check.user, type, id);
}

function search(
  { state, request }: RequestContext,
  user: RegisteredUser,
  type: string,
  parameters: URLSearchParams,
): Reply {
  if (!isApiType(type)) return unknownType(type);
  const refusal = wrongResourceParameters(type, parameters);
  if (refusal !== null) return refusal;
  const matches = state.records
    .ofType(type)
    .filter((one) => (one.patientId === null || maySee(user, one.patientId)) && isResourceMatch(one, parameters));
  return state.searches.begin({
    userId: user.userId,
    selfUrl: `${state.baseUrl}${(request.url ?? "").slice(1)}`,
    pageSize: Math.min(Number(parameters.get("_count") ?? state.settings.resourcePageSize), MAX_PAGE_SIZE),
    matches,
  });
}

function read({ state }: RequestContext, user: RegisteredUser, type: string, id: string): Reply {
  if (!isApiType(type)) return unknownType(type);
  const resource = state.records.find(type, id);
  // The same answer as for an unknown id: it must not reveal that a patient exists whom the user may not see.
  if (resource === undefined || (resource.patientId !== null && !maySee(user, resource.patientId))) {
    return operationOutcome(404, `Resource ${type}/${id} is not known`, "not-found");
  }
  return fhirReply(resource.line);
}

function unknownType(type: string): Reply {
  const diagnostics = `Unknown resource type '${type}' - Server knows how to handle: [${API_TYPES.toSorted().join(", ")}]`;
  return operationOutcome(404, diagnostics, "not-supported");
}
