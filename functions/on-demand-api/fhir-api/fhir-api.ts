import type * as z from "zod";
import type { ApiHandler, ApiRequest } from "#on-demand-api/gateway/api.ts";
import type { ApiResponse } from "#on-demand-api/gateway/api-response.ts";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import type { ClosedRouteKey } from "#on-demand-api/language/api-routes.ts";
import { linkHeader } from "#on-demand-api/language/call-headers.ts";
import {
  type FhirResourceType,
  fhirResourceType,
  type SearchParameter,
} from "#on-demand-api/language/fhir-resource-types.ts";
import type { PatientSearchParameters } from "#on-demand-api/language/patient-search.ts";
import { type ResourcePath, typeAt, usCoreType } from "#on-demand-api/language/us-core-types.ts";
import { OriginRefused } from "#platform/faults/faults.ts";
import { fhirId } from "#platform/fhir/fhir-id.ts";
import type { FhirPage } from "#user-session/fhir-page.ts";
import type { PatientSearchEndpoint } from "#user-session/language/user-endpoints.ts";
import type { Cursors } from "./cursors.ts";
import { replaceLinks } from "./page-links.ts";
import { limitedSearch, limitRead, refusePatientSearch, requirePatient } from "./patient-limit.ts";
import { cursorOf, cursorParameter, readPatientQuery, readResourceQuery, requireNoQuery } from "./search-query.ts";

/** The server's FHIR API under one user session. */
export interface FhirSession {
  sessionId: string;
  /** The link that the session belongs to; null for the stage's own session. */
  linkId: string | null;
  /** The id of the only patient that the session serves; null if it is not limited to one. */
  patient: string | null;
  /** The FHIR base URL, with a slash at its end. */
  fhirUrl: URL;
  searchPatients(
    endpoint: PatientSearchEndpoint,
    parameters: PatientSearchParameters,
    signal: AbortSignal,
  ): Promise<FhirPage>;
  searchResources(
    resources: ResourcePath,
    parameters: readonly SearchParameter[],
    signal: AbortSignal,
  ): Promise<FhirPage>;
  readResource(resources: ResourcePath, id: string, signal: AbortSignal): Promise<FhirPage>;
  /** Fetches a further page by a link of the server. */
  fetchNextPage(url: URL, signal: AbortSignal): Promise<FhirPage>;
}

export interface FhirApiPorts {
  /** `caller-session.ts` */
  findSession(caller: string, linkId: string | undefined): Promise<FhirSession>;
  cursors(): Promise<Cursors>;
  /** The URL of the API, without a slash at its end. */
  apiUrl: string;
}

/** A search as its caller sent it. */
interface Search {
  /** The searched resources, as a path below /fhir: `Observation`, `us-core/Patient`. */
  name: string;
  query: URLSearchParams;
  /** The path and query of the response's self link. */
  self: string;
  fetchFirstPage: (query: URLSearchParams) => Promise<FhirPage>;
}

/**
 * Serves the routes below /fhir under the session of the link that the call names, or under the stage's own: patient searches, searches for the guide's other resources, and
 * reads. The routes below /fhir/us-core do the same by the profiles of US Core. A page is passed on byte for byte, except for
 * its links: they lead through the API. Each link has a cursor that only this caller can use, for this search only.
 *
 * Source: guide, "API to Fetch Patient ID", "List of FHIR R4 APIs", "List of US Core FHIR Resources"; FHIR R4, "RESTful API".
 * @throws ApiProblem if the call is wrong; and the errors of `fetchFhirPage`
 */
export const serveFhirApi =
  (ports: FhirApiPorts): ApiHandler =>
  async (request, { signal }) => {
    const session = await ports.findSession(request.caller, request.headers[linkHeader]);
    const { patient } = session;
    const query = new URLSearchParams(request.queryString);
    const searchPatients = (name: string, endpoint: PatientSearchEndpoint, sent = query, self = selfUrl(name, query)) =>
      runSearch(ports, session, request, signal, {
        name,
        self,
        query: sent,
        fetchFirstPage: (parameters) =>
          patient === null
            ? session.searchPatients(endpoint, readPatientQuery(parameters), signal)
            : refusePatientSearch(),
      });
    const searchResources = (resources: ResourcePath) =>
      runSearch(ports, session, request, signal, {
        name: resources,
        self: selfUrl(resources, query),
        query,
        fetchFirstPage: (sent) => {
          const type = typeAt(resources);
          const parameters = readResourceQuery(type, sent);
          const limited = patient === null ? parameters : limitedSearch(type, parameters, patient);
          return session.searchResources(resources, limited, signal);
        },
      });
    const read = async (resources: ResourcePath) => {
      requireNoQuery(query);
      const id = resourceIdOf(request);
      if (patient !== null) limitRead(typeAt(resources), id, patient);
      return passOn(checked(session, await session.readResource(resources, id, signal)));
    };
    // API Gateway passes on only the routes that it has.
    switch (request.route as ClosedRouteKey) {
      case "GET /fhir/Patient":
        return await searchPatients("Patient", "r4");
      case "POST /fhir/Patient/_search":
        requireNoQuery(query);
        return await searchPatients("Patient", "r4", readForm(request), "/fhir/Patient/_search");
      case "GET /fhir/us-core/Patient":
        return await searchPatients("us-core/Patient", "us-core");
      case "GET /fhir/us-core/{resourceType}": {
        const type = typeOf(request, usCoreType);
        // Patients are found by demographic data only, however a caller spells the path.
        return type === "Patient"
          ? await searchPatients("us-core/Patient", "us-core")
          : await searchResources(`us-core/${type}`);
      }
      case "GET /fhir/us-core/{resourceType}/{id}":
        return await read(`us-core/${typeOf(request, usCoreType)}`);
      case "GET /fhir/{resourceType}":
        return await searchResources(typeOf(request, fhirResourceType));
      case "GET /fhir/{resourceType}/{id}":
        return await read(typeOf(request, fhirResourceType));
      default:
        throw new ApiProblem("There is no such route", {
          status: 404,
          issue: "not-supported",
          detail: "GET /openapi.json lists the routes.",
        });
    }
  };

async function runSearch(
  ports: FhirApiPorts,
  session: FhirSession,
  { caller }: ApiRequest,
  signal: AbortSignal,
  { name, query, self, fetchFirstPage }: Search,
): Promise<ApiResponse> {
  const cursors = await ports.cursors();
  // After a link is connected again, its cursors are those of an earlier session.
  const binding = { caller, search: name, ...(session.linkId !== null && { sessionId: session.sessionId }) };
  const cursor = cursorOf(query);
  const found =
    cursor === undefined
      ? await fetchFirstPage(query)
      : await session.fetchNextPage(cursors.open(binding, cursor), signal);
  const page = checked(session, found);
  const { bundleAt } = page;
  if (bundleAt === undefined) return passOn(page);
  const bytes = replaceLinks(page.bytes, (relation, url) =>
    relation === "self"
      ? `${ports.apiUrl}${self}`
      : `${ports.apiUrl}/fhir/${name}?${cursorParameter}=${cursors.seal(binding, resolveLink(url, bundleAt))}`,
  );
  return passOn({ ...page, bytes });
}

/** A page that the session may give to its caller. */
function checked({ patient, fhirUrl }: FhirSession, page: FhirPage): FhirPage {
  if (patient !== null) requirePatient(page, fhirUrl, patient);
  return page;
}

/** White space in a URL is an artefact, as in the guide's example of a manifest. It is removed. */
function resolveLink(url: string, bundleAt: URL): URL {
  const target = URL.parse(url.replace(/\s+/g, ""), bundleAt.href);
  if (target === null) throw new OriginRefused("a link in the server's search result is not a URL");
  return target;
}

const passOn = ({ bytes, contentType = "application/fhir+json" }: FhirPage): ApiResponse => ({
  status: 200,
  headers: { "content-type": contentType },
  body: bytes,
});

const selfUrl = (name: string, query: URLSearchParams): string =>
  `/fhir/${name}${query.size === 0 ? "" : `?${query.toString()}`}`;

/** FHIR R4, "RESTful API", `search` by POST. */
function readForm({ headers, body }: ApiRequest): URLSearchParams {
  const [mediaType = ""] = (headers["content-type"] ?? "").split(";");
  if (mediaType.trim().toLowerCase() === "application/x-www-form-urlencoded")
    return new URLSearchParams(body.toString("utf8"));
  throw new ApiProblem("The body is not a form", {
    status: 415,
    issue: "not-supported",
    detail: "Send the parameters as application/x-www-form-urlencoded.",
  });
}

/** @param types the types of the route */
function typeOf<Type extends FhirResourceType>(
  { path }: ApiRequest,
  types: z.ZodType<Type> & { options: Type[] },
): Type {
  const parsed = types.safeParse(path["resourceType"]);
  if (parsed.success) return parsed.data;
  throw new ApiProblem("The API does not have this resource type", {
    status: 404,
    issue: "not-supported",
    detail: `The types are ${types.options.join(", ")}.`,
  });
}

function resourceIdOf({ path }: ApiRequest): string {
  const parsed = fhirId.safeParse(path["id"]);
  if (parsed.success) return parsed.data;
  const detail = parsed.error.issues.map(({ message }) => `The id ${message}.`).join(" ");
  throw new ApiProblem("The resource id is invalid", { status: 400, issue: "invalid", detail });
}
