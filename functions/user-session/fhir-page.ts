import * as z from "zod";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { authorisedRequest, type TokenBearer } from "#platform/http/authorised-request.ts";
import { type HttpAnswer, headerText, type Refusal, readBody, readRefusal } from "#platform/http/http.ts";
import { readJson } from "#platform/http/reading/json.ts";
import { onServerOrigin } from "#platform/http/trusted-origins.ts";
import { type ReadRefusal, ReadRefused } from "#user-session/language/session-faults.ts";
import type { UserServer } from "./user-server.ts";

/** The client of a user session: the endpoints, the HTTP connections and the access tokens. */
export interface UserClient extends TokenBearer {
  server: UserServer;
}

/** The server's answer to a search or a read. */
export interface FhirPage {
  /** As received. */
  bytes: Buffer;
  contentType: string | undefined;
  /** The resources of a Bundle's entries, or the one bare resource. */
  resources: PageResource[];
  /** The URL of the next page, always on the server's own origins. Undefined for the last page. */
  next: URL | undefined;
  /** The URL of a Bundle. Its links are relative to it. Undefined for a bare resource. */
  bundleAt: URL | undefined;
}

const pageResource = z.looseObject({
  resourceType: z.string().min(1),
  id: z.string().min(1).optional(),
  gender: z.string().optional().catch(undefined),
  birthDate: z.string().optional().catch(undefined),
});

/** The fields of a resource that the bridge reads. */
export type PageResource = z.infer<typeof pageResource>;

const bundle = z.looseObject({
  resourceType: z.literal("Bundle"),
  entry: z.array(z.looseObject({ resource: pageResource })).nullish(),
  link: z.array(z.looseObject({ relation: z.string(), url: z.string().min(1) })).nullish(),
});

/** Bytes: ten times the usual size of a page of a hundred resources. */
const pageLimit = 16 * 1024 * 1024;

/**
 * Fetches one page of FHIR. The guide requests the format by Content-Type, FHIR requests it by Accept: both are sent.
 *
 * Source: guide, "API to Fetch Patient ID", "Configuration" and its 400 and 403 examples; FHIR R4, "RESTful API", `search`.
 * @param subject names the request in the faults, without an id and without a query
 * @throws ReadRefused with the server's diagnostics
 * @throws OriginRefused if the next page is on another origin
 * @throws ServerUnavailable, AccessRefused, and the faults of `currentAccessToken`
 */
export async function fetchFhirPage(
  client: UserClient,
  url: URL,
  subject: string,
  signal?: AbortSignal,
): Promise<FhirPage> {
  const answer = await authorisedRequest(client, {
    method: "GET",
    url,
    headers: { accept: "application/fhir+json", "content-type": "application/json", "accept-encoding": "identity" },
    token: "bearer",
    origins: client.server.tokenOrigins,
    subject,
    signal,
  });
  if (answer.status !== 200) throw faultOf(await readRefusal(answer, client.now()), subject);
  return await readPage(client.server, answer, url, subject);
}

async function readPage(server: UserServer, answer: HttpAnswer, url: URL, subject: string): Promise<FhirPage> {
  const bytes = await readBody(answer, pageLimit);
  const contentType = headerText(answer, "content-type");
  const body = readJson(bytes);
  const parsed = bundle.safeParse(body);
  if (parsed.success) {
    const { entry, link } = parsed.data;
    const resources = (entry ?? []).map(({ resource }) => resource);
    const next = link?.find(({ relation }) => relation === "next");
    return { bytes, contentType, resources, next: next && nextUrl(server, next.url, url), bundleAt: url };
  }
  const bare = pageResource.safeParse(body);
  if (!bare.success || bare.data.resourceType === "Bundle" || bare.data.resourceType === "OperationOutcome")
    throw new ServerUnavailable(`the server answered ${subject} with HTTP 200 and a body that is not a FHIR resource`);
  return { bytes, contentType, resources: [bare.data], next: undefined, bundleAt: undefined };
}

/** White space in a URL is an artefact, as in the guide's example of a manifest. It is removed. */
function nextUrl(server: UserServer, reference: string, page: URL): URL {
  return onServerOrigin(server, reference.replace(/\s+/g, ""), page, "the link to the next page");
}

function faultOf(refusal: Refusal, subject: string): Error {
  const { status, said } = refusal;
  const message = `the server answered ${subject} with HTTP ${status}`;
  if (refusal.temporary || status < 400 || status >= 500)
    return new ServerUnavailable(message, { retryAfterMs: refusal.retryAfterMs, diagnostics: said });
  return new ReadRefused(message, { refusal: refusalOf(status, said), status, diagnostics: said });
}

/** Guide, "Response Code – 400 Bad Request example" and "Response Code – 403 Forbidden example". */
function refusalOf(status: number, text: string): ReadRefusal {
  if (status === 400) return "invalid-parameter";
  if (status === 403) return text.includes("INVALID_SEARCH_PARAMETER") ? "invalid-value" : "forbidden";
  return status === 404 || status === 410 ? "not-found" : "other";
}
