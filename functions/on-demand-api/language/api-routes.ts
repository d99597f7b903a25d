/** One route of the HTTP API: which function serves it, and whether a call needs credentials. */
interface ApiRoute {
  /** The name of the function's folder, below functions/on-demand-api/ or below another wing. */
  servedBy:
    | "fhir-api"
    | "ccd-requests"
    | "ccd-documents"
    | "exports"
    | "health"
    | "links"
    | "smart"
    | "openapi"
    | "jwks";
  /** An open route needs no credentials. API Gateway identifies the caller of any other route before the function runs. */
  open: boolean;
}

const fhir = { servedBy: "fhir-api", open: false } as const;
const ccds = { servedBy: "ccd-requests", open: false } as const;
const documents = { servedBy: "ccd-documents", open: false } as const;
const exports = { servedBy: "exports", open: false } as const;
const links = { servedBy: "links", open: false } as const;
/** Pages for people's browsers. They identify no caller: a one-time URL, a registered EHR or a login's cookie decides. */
const pages = { servedBy: "smart", open: true } as const;

/**
 * The routes of the HTTP API by their API Gateway keys. API Gateway matches the most literal path first ("Routing API
 * requests"), so `/fhir/us-core/Patient` is never taken for a read of a resource with the id "Patient". `us-core` is no resource
 * type: should a call of `/fhir/us-core/Goal` ever reach the route of a read, it is refused.
 */
export const apiRoutes = {
  "GET /openapi.json": { servedBy: "openapi", open: true },
  "GET /.well-known/jwks.json": { servedBy: "jwks", open: true },
  "GET /fhir/Patient": fhir,
  "POST /fhir/Patient/_search": fhir,
  "GET /fhir/us-core/Patient": fhir,
  "GET /fhir/us-core/{resourceType}": fhir,
  "GET /fhir/us-core/{resourceType}/{id}": fhir,
  "GET /fhir/{resourceType}": fhir,
  "GET /fhir/{resourceType}/{id}": fhir,
  "POST /ccd-requests": ccds,
  "GET /ccd-requests": ccds,
  "GET /ccd-requests/{id}": ccds,
  "GET /ccd-requests/{id}/documents/{number}": documents,
  "POST /exports": exports,
  "GET /exports": exports,
  "GET /exports/{id}": exports,
  "GET /exports/{id}/files": exports,
  "GET /exports/{id}/files/{number}": exports,
  "GET /exports/{id}/files/{number}/preview": exports,
  "POST /exports/{id}/cancel": exports,
  "POST /exports/{id}/resume": exports,
  "GET /health": { servedBy: "health", open: false },
  "POST /links": links,
  "GET /links": links,
  "GET /links/{id}": links,
  "DELETE /links/{id}": links,
  "GET /connect/{token}": pages,
  "HEAD /connect/{token}": pages,
  "POST /connect/{token}": pages,
  "GET /smart/launch/{name}": pages,
  "HEAD /smart/launch/{name}": pages,
  "GET /smart/callback": pages,
  "HEAD /smart/callback": pages,
  "POST /smart/callback": pages,
} as const satisfies Record<string, ApiRoute>;

export type ApiRouteKey = keyof typeof apiRoutes;

type RouteKeyBy<Open extends boolean> = {
  [Key in ApiRouteKey]: (typeof apiRoutes)[Key]["open"] extends Open ? Key : never;
}[ApiRouteKey];

/** The routes that need credentials. */
export type ClosedRouteKey = RouteKeyBy<false>;

/** The routes for everybody. */
export type OpenRouteKey = RouteKeyBy<true>;

/**
 * Where routes for callers with a token begin, on a stage that accepts signatures as well. A route of API Gateway has one authorizer
 * ("Controlling and managing access to an HTTP API"), so each way to identify callers has routes of its own.
 */
export const tokenPrefix = "/jwt";

/** The key of a route for callers with a token, beside the one for signed calls: `GET /jwt/links`. */
export const tokenRouteKey = (key: ClosedRouteKey): string => key.replace(" ", ` ${tokenPrefix}`);

/** The route that a key of API Gateway means, and whether it is the one for callers with a token. */
export function routeOf(key: string): { route: string; byToken: boolean } {
  const route = key.replace(` ${tokenPrefix}/`, " /");
  return { route, byToken: route !== key };
}

/** The routes that a function serves. */
export function routesOf(servedBy: ApiRoute["servedBy"]): ApiRouteKey[] {
  const keys = Object.keys(apiRoutes) as ApiRouteKey[];
  return keys.filter((key) => apiRoutes[key].servedBy === servedBy);
}
