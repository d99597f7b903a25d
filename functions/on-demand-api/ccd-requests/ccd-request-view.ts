import type { CcdDocument, CcdDocuments, CcdRequestRecord } from "#ccd-retrieval/language/ccd-request.ts";
import type { CcdRequestView } from "#on-demand-api/language/ccd-request-messages.ts";
import { afterParameter } from "#on-demand-api/language/list-places.ts";

/**
 * Bytes of the documents in one response. Lambda returns at most 4.6 MB (`api-response.ts`); the other members of a request
 * need far less than the difference, and one document at most 9 kB (`ccd-retrieval/documents/document-description.ts`).
 */
export const largestPage = 4_000_000;

/**
 * A CCD request as its caller sees it. Its documents are listed page by page if they need more than one response.
 * @param landed all documents of the request, in order of their numbers; undefined if it is not ready
 * @param self the URL of the request
 * @param after the page begins behind the document with this number
 */
export function requestView(
  record: CcdRequestRecord,
  landed: Pick<CcdDocuments, "documents" | "refused"> | undefined,
  self: string,
  after: number,
): CcdRequestView {
  const { requestId, state, requestedAt, endedAt, failure } = record;
  const { documents = [], refused = [] } = landed ?? {};
  const left = documents.filter(({ number }) => number > after);
  const page = fillPage(left.map((document) => documentView(document, `${self}/documents/${document.number}`)));
  const last = page.at(-1);
  return {
    requestId,
    state,
    requestedAt,
    endedAt,
    failure,
    documents: page,
    refused,
    ...(last !== undefined && page.length < left.length && { next: `${self}?${afterParameter}=${last.number}` }),
  };
}

type DocumentView = CcdRequestView["documents"][number];

/** As many documents as fit in one page. */
function fillPage(documents: readonly DocumentView[]): DocumentView[] {
  let bytes = 0;
  const tooFar = documents.findIndex((document) => {
    bytes += sizeOf(document) + 1;
    return bytes > largestPage;
  });
  return tooFar < 0 ? [...documents] : documents.slice(0, tooFar);
}

/** A document with its URL in the API instead of its key in the bucket. */
function documentView(stored: CcdDocument, href: string): DocumentView {
  const { key: _, ...document } = stored;
  return { ...document, href };
}

const sizeOf = (value: DocumentView): number => Buffer.byteLength(JSON.stringify(value));
