/** One route of the HTTP API: who serves it, and whether anybody may call it. */
interface ApiRoute {
  /** The folder below functions/. */
  servedBy: "fhir-api";
  /** Needs no credentials. Whoever calls any other route is known before its function runs. */
  open: boolean;
}

const closed = { servedBy: "fhir-api", open: false } as const;

/**
 * The routes of the HTTP API under their API Gateway keys. The more literal a path, the earlier it matches (API Gateway,
 * "Routing API requests"): `/fhir/us-core/Patient` is never a read of the patient "Patient".
 */
export const apiRoutes = {
  "GET /fhir/Patient": closed,
  "POST /fhir/Patient/_search": closed,
  "GET /fhir/us-core/Patient": closed,
  "GET /fhir/{resourceType}": closed,
  "GET /fhir/{resourceType}/{id}": closed,
} as const satisfies Record<string, ApiRoute>;

export type ApiRouteKey = keyof typeof apiRoutes;

/** The routes that a function serves. */
export function routesOf(servedBy: ApiRoute["servedBy"]): ApiRouteKey[] {
  const keys = Object.keys(apiRoutes) as ApiRouteKey[];
  return keys.filter((key) => apiRoutes[key].servedBy === servedBy);
}
