/** One route of the HTTP API: who serves it, and whether anybody may call it. */
interface ApiRoute {
  /** The folder below functions/. */
  servedBy: "fhir-api" | "ccd-requests" | "openapi";
  /** Needs no credentials. Whoever calls any other route is known before its function runs. */
  open: boolean;
}

const fhir = { servedBy: "fhir-api", open: false } as const;
const ccds = { servedBy: "ccd-requests", open: false } as const;

/**
 * The routes of the HTTP API under their API Gateway keys. The more literal a path, the earlier it matches (API Gateway,
 * "Routing API requests"): `/fhir/us-core/Patient` is never a read of the patient "Patient".
 */
export const apiRoutes = {
  "GET /openapi.json": { servedBy: "openapi", open: true },
  "GET /fhir/Patient": fhir,
  "POST /fhir/Patient/_search": fhir,
  "GET /fhir/us-core/Patient": fhir,
  "GET /fhir/{resourceType}": fhir,
  "GET /fhir/{resourceType}/{id}": fhir,
  "POST /ccd-requests": ccds,
  "GET /ccd-requests/{id}": ccds,
  "GET /ccd-requests/{id}/documents/{number}": ccds,
} as const satisfies Record<string, ApiRoute>;

export type ApiRouteKey = keyof typeof apiRoutes;

/** The routes that are not open. */
export type ClosedRouteKey = Exclude<ApiRouteKey, "GET /openapi.json">;

/** The routes that a function serves. */
export function routesOf(servedBy: ApiRoute["servedBy"]): ApiRouteKey[] {
  const keys = Object.keys(apiRoutes) as ApiRouteKey[];
  return keys.filter((key) => apiRoutes[key].servedBy === servedBy);
}
