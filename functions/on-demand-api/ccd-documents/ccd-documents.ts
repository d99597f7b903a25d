import type { CcdDocument, CcdRequestRecord } from "#ccd-retrieval/language/ccd-request.ts";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";
import { NotConvertible } from "#ccd-retrieval/language/not-convertible.ts";
import { PageTooLarge } from "#ccd-retrieval/language/page-too-large.ts";
import type { CcdReading } from "#ccd-retrieval/reading-entry.ts";
import type { ApiHandler } from "#on-demand-api/gateway/api.ts";
import type { ApiResponse } from "#on-demand-api/gateway/api-response.ts";
import { ApiProblem, notFound } from "#on-demand-api/language/api-problem.ts";
import { formsByMediaType, type ServedForm } from "#on-demand-api/language/document-forms.ts";
import { visibleTo } from "#on-demand-api/language/visible-ccd-request.ts";
import { chooseMediaType } from "./accept-header.ts";

export interface CcdDocumentsApiPorts extends CcdReading {
  /** Whether callers see the documents of other callers. */
  shared: boolean;
}

/** Bytes of a page in a response. Lambda returns at most 4.6 MB (`api-response.ts`). */
const largestPage = 4_500_000;

type MediaType = keyof typeof formsByMediaType;
const mediaTypes = Object.keys(formsByMediaType) as MediaType[];

/** A cache must not give one form to a caller who asked for another. */
const vary = { vary: "Accept" };

/**
 * Serves a document in the form that the caller prefers by `Accept`: as it came, by a link of one minute, as a page for people, or
 * converted to FHIR. A page that is too large for a response is stored for a day and served by such a link.
 * @throws ApiProblem if there is no such document, or no form of it is acceptable
 */
export const serveCcdDocuments =
  (ports: CcdDocumentsApiPorts): ApiHandler =>
  async (request, { signal }) => {
    const record = visibleTo(request.caller, await ports.requests.find(request.path["id"] ?? ""), ports.shared);
    const document = await findDocument(ports, record, request.path["number"] ?? "");
    const type = chooseMediaType(request.headers["accept"], mediaTypes);
    if (type === undefined)
      throw notAcceptable(
        "A document is served as application/xml, text/html and application/fhir+json. Accept one of them.",
      );
    const form = formsByMediaType[type];
    return { ...(await serveForm[form](ports, record, document, signal)), form };
  };

type ServeForm = (
  ports: CcdDocumentsApiPorts,
  record: CcdRequestRecord,
  document: CcdDocument,
  signal: AbortSignal,
) => Promise<ApiResponse>;

const serveForm: Record<ServedForm, ServeForm> = {
  xml: async ({ documents }, _, { key }) => redirectTo(await documents.link(key)),
  html: servePage,
  fhir: serveBundle,
};

async function findDocument(
  { documents }: CcdDocumentsApiPorts,
  { requestId, state }: CcdRequestRecord,
  number: string,
): Promise<CcdDocument> {
  const landed = state === "ready" ? (await documents.index(requestId)).documents : [];
  const document = landed.find((one) => String(one.number) === number);
  if (document === undefined) throw notFound("There is no such document, or it is not ready yet");
  return document;
}

async function servePage(
  { documents }: CcdDocumentsApiPorts,
  { requestId }: CcdRequestRecord,
  { key, number }: CcdDocument,
  signal: AbortSignal,
): Promise<ApiResponse> {
  const { html, policy } = await deriveInTime("a page", (time) => documents.page(key, time), signal);
  if (html.length > largestPage) return redirectTo(await documents.linkToPage(requestId, number, html));
  return {
    status: 200,
    headers: {
      "content-type": "text/html; charset=utf-8",
      // A meta element cannot forbid frames.
      "content-security-policy": `${policy}; frame-ancestors 'none'`,
      "referrer-policy": "no-referrer",
      "x-robots-tag": "noindex",
      ...vary,
    },
    body: html,
  };
}

async function serveBundle(
  { documents }: CcdDocumentsApiPorts,
  _: CcdRequestRecord,
  { key }: CcdDocument,
  signal: AbortSignal,
): Promise<ApiResponse> {
  const body = await deriveInTime("FHIR", (time) => documents.bundle(key, time), signal);
  if (body.length > largestPage)
    throw notAcceptable("The FHIR Bundle of the document is too large for a response. Accept application/xml.");
  return { status: 200, headers: { "content-type": "application/fhir+json", ...vary }, body };
}

/**
 * Derives a form of the document.
 * @param form its name in a sentence
 * @throws ApiProblem if the document has no such form, or it takes too long
 */
async function deriveInTime<Form>(
  form: "a page" | "FHIR",
  derive: (signal: AbortSignal) => Promise<Form>,
  signal: AbortSignal,
): Promise<Form> {
  try {
    return await derive(signal);
  } catch (cause) {
    if (cause instanceof DocumentRefused || cause instanceof PageTooLarge || cause instanceof NotConvertible)
      throw notAcceptable(`The document cannot be shown as ${form}: ${cause.message}. Accept application/xml.`, cause);
    if (!signal.aborted) throw cause;
    throw new ApiProblem("The document took too long", {
      status: 503,
      issue: "transient",
      detail: `The document is so large that it could not be shown as ${form} in time. Accept application/xml.`,
      cause,
    });
  }
}

const redirectTo = (location: string): ApiResponse => ({
  status: 303,
  headers: { location, ...vary },
  body: Buffer.alloc(0),
});

const notAcceptable = (detail: string, cause?: unknown): ApiProblem =>
  new ApiProblem("No acceptable form of the document", { status: 406, issue: "not-supported", detail, cause });
