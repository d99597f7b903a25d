import type { ApiHandler, ApiRequest } from "#on-demand-api/gateway/api.ts";
import type { ApiAnswer } from "#on-demand-api/gateway/api-answer.ts";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import type { ClosedRouteKey } from "#on-demand-api/language/api-routes.ts";
import {
  type FhirResourceType,
  fhirResourceType,
  fhirResourceTypes,
  type SearchParameter,
} from "#on-demand-api/language/fhir-resource-types.ts";
import type { PatientSearchParameters } from "#on-demand-api/language/patient-search.ts";
import { OriginRefused } from "#platform/faults/faults.ts";
import { fhirId } from "#platform/fhir/fhir-id.ts";
import type { FhirPage } from "#user-session/fhir-page.ts";
import type { PatientSearchEndpoint } from "#user-session/language/user-endpoints.ts";
import type { Cursors } from "./cursors.ts";
import { withLinks } from "./page-links.ts";
import { cursorOf, cursorParameter, noQuery, patientQuery, resourceQuery } from "./search-query.ts";

export interface FhirApiPorts {
  searchPatients(
    endpoint: PatientSearchEndpoint,
    parameters: PatientSearchParameters,
    signal: AbortSignal,
  ): Promise<FhirPage>;
  searchResources(
    type: FhirResourceType,
    parameters: readonly SearchParameter[],
    signal: AbortSignal,
  ): Promise<FhirPage>;
  readResource(type: FhirResourceType, id: string, signal: AbortSignal): Promise<FhirPage>;
  /** A further page, where a link of the server's leads. */
  nextPage(url: URL, signal: AbortSignal): Promise<FhirPage>;
  cursors(): Promise<Cursors>;
  /** Where callers reach the API, without a slash at its end. */
  apiUrl: string;
}

/** A search as its caller names it: below /fhir, and by which query. */
interface Search {
  name: string;
  query: URLSearchParams;
  /** What the self link of the answer says. */
  self: string;
  ask: (query: URLSearchParams) => Promise<FhirPage>;
}

/**
 * Patient searches, searches for the guide's other resources, and reads, under the bridge's session. A page comes as the
 * server sent it, byte for byte, but for its links: they lead through us, by cursors that only this caller can use, and only
 * for this search.
 *
 * Source: guide, "API to Fetch Patient ID", "List of FHIR R4 APIs"; FHIR R4, "RESTful API".
 * @throws ApiProblem where the request is wrong; what the server's answers are refused by (`askForPage`)
 */
export const fhirApi =
  (ports: FhirApiPorts): ApiHandler =>
  async (request, { signal }) => {
    const query = new URLSearchParams(request.queryString);
    // API Gateway knows no other route of ours.
    const route = request.route as ClosedRouteKey;
    const patients = (name: string, endpoint: PatientSearchEndpoint, asked = query, self = selfUrl(name, query)) =>
      searched(ports, request, signal, {
        name,
        self,
        query: asked,
        ask: (parameters) => ports.searchPatients(endpoint, patientQuery(parameters), signal),
      });
    switch (route) {
      case "GET /fhir/Patient":
        return await patients("Patient", "r4");
      case "POST /fhir/Patient/_search":
        noQuery(query);
        return await patients("Patient", "r4", formOf(request), "/fhir/Patient/_search");
      case "GET /fhir/us-core/Patient":
        return await patients("us-core/Patient", "us-core");
      case "GET /fhir/{resourceType}": {
        const type = typeOf(request);
        return await searched(ports, request, signal, {
          name: type,
          self: selfUrl(type, query),
          query,
          ask: (parameters) => ports.searchResources(type, resourceQuery(type, parameters), signal),
        });
      }
      case "GET /fhir/{resourceType}/{id}": {
        noQuery(query);
        return asReceived(await ports.readResource(typeOf(request), idOf(request), signal));
      }
      default:
        throw new ApiProblem("There is no such route", { status: 404, issue: "not-supported", detail: "Not served." });
    }
  };

async function searched(
  ports: FhirApiPorts,
  { caller }: ApiRequest,
  signal: AbortSignal,
  { name, query, self, ask }: Search,
): Promise<ApiAnswer> {
  const cursors = await ports.cursors();
  const binding = { caller, search: name };
  const cursor = cursorOf(query);
  const page = cursor === undefined ? await ask(query) : await ports.nextPage(cursors.open(binding, cursor), signal);
  const { bundleAt } = page;
  if (bundleAt === undefined) return asReceived(page);
  const bytes = withLinks(page.bytes, (relation, url) =>
    relation === "self"
      ? `${ports.apiUrl}${self}`
      : `${ports.apiUrl}/fhir/${name}?${cursorParameter}=${cursors.seal(binding, resolved(url, bundleAt))}`,
  );
  return asReceived({ ...page, bytes });
}

/** White space is an artefact, as in the URLs of the guide's manifest. */
function resolved(url: string, bundleAt: URL): URL {
  const target = URL.parse(url.replace(/\s+/g, ""), bundleAt.href);
  if (target === null) throw new OriginRefused("a link of the page is not a URL");
  return target;
}

const asReceived = ({ bytes, contentType = "application/fhir+json" }: FhirPage): ApiAnswer => ({
  status: 200,
  headers: { "content-type": contentType },
  body: bytes,
});

const selfUrl = (name: string, query: URLSearchParams): string =>
  `/fhir/${name}${query.size === 0 ? "" : `?${query.toString()}`}`;

/** FHIR R4, "RESTful API", `search` by POST. */
function formOf({ headers, body }: ApiRequest): URLSearchParams {
  const [mediaType = ""] = (headers["content-type"] ?? "").split(";");
  if (mediaType.trim().toLowerCase() === "application/x-www-form-urlencoded")
    return new URLSearchParams(body.toString("utf8"));
  throw new ApiProblem("The body is not a form", {
    status: 415,
    issue: "not-supported",
    detail: "Send the parameters as application/x-www-form-urlencoded.",
  });
}

function typeOf({ path }: ApiRequest): FhirResourceType {
  const parsed = fhirResourceType.safeParse(path["resourceType"]);
  if (parsed.success) return parsed.data;
  throw new ApiProblem("There are no resources of this type", {
    status: 404,
    issue: "not-supported",
    detail: `The types are ${fhirResourceTypes.join(", ")}.`,
  });
}

function idOf({ path }: ApiRequest): string {
  const parsed = fhirId.safeParse(path["id"]);
  if (parsed.success) return parsed.data;
  const detail = parsed.error.issues.map(({ message }) => `The id ${message}.`).join(" ");
  throw new ApiProblem("This is no id of a resource", { status: 400, issue: "invalid", detail });
}
