import * as z from "zod";
import { routeOf } from "#on-demand-api/language/api-routes.ts";

/**
 * What the functions read of an event.
 *
 * Source: API Gateway, "Working with AWS Lambda proxy integrations for HTTP APIs", payload format 2.0.
 */
const gatewayEvent = z.object({
  routeKey: z.string(),
  rawQueryString: z.string().default(""),
  headers: z.record(z.string(), z.string()).default({}),
  /** API Gateway takes the cookies out of the headers: one `name=value` each. */
  cookies: z.array(z.string()).default([]),
  pathParameters: z.record(z.string(), z.string()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().default(false),
  requestContext: z.object({ requestId: z.string(), authorizer: z.unknown().optional() }),
});

/** `routeKey` is that of `api-routes.ts`. `byToken` says whether the call came by a route for callers with a token. */
export const httpEvent = gatewayEvent.transform((event) => {
  const { route: routeKey, byToken } = routeOf(event.routeKey);
  return { ...event, routeKey, byToken };
});

export type HttpEvent = z.infer<typeof httpEvent>;

/** What a call brings, whoever makes it. */
export interface CallContent {
  /** The values of the route's placeholders. */
  path: Record<string, string>;
  /** As received, without the `?`. */
  queryString: string;
  /** By lower-case names. */
  headers: Record<string, string>;
  body: Buffer;
}

export function contentOf(call: HttpEvent): CallContent {
  const headers = Object.entries(call.headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    path: call.pathParameters ?? {},
    queryString: call.rawQueryString,
    headers: Object.fromEntries(headers),
    body: Buffer.from(call.body ?? "", call.isBase64Encoded ? "base64" : "utf8"),
  };
}
