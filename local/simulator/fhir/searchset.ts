import { randomUUID } from "node:crypto";
import { FHIR_JSON, operationOutcome, type Reply } from "#local/simulator/http/http-reply.ts";
import type { ApiResource } from "#local/simulator/records/patient-records.ts";
import type { UserSession } from "#local/simulator/user-session/user-sessions.ts";

/** Path of the FHIR API below the base URL (guide: "API to Fetch Patient ID"). */
export const FHIR_API_PATH = "integra/fhir/r4";

interface StoredSearch {
  /** The session that searched. */
  readonly session: UserSession;
  readonly selfUrl: string;
  readonly pageSize: number;
  readonly matches: readonly ApiResource[];
}

const MAX_SEARCHES = 1000;

/**
 * Searches whose results are read page by page. Its links have the form of a HAPI FHIR server, `[base]?_getpages=…`,
 * because the narrative of the guide's OperationOutcomes is HAPI's. They are valid for the user who searched, in sessions with
 * the same patient.
 */
export class Searches {
  readonly #baseUrl: string;
  readonly #searches = new Map<string, StoredSearch>();

  /** `baseUrl` ends with "/". */
  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl;
  }

  /** Stores the matches of a search and returns its first page. */
  begin(search: StoredSearch): Reply {
    const id = randomUUID();
    const [oldest] = this.#searches.keys();
    if (this.#searches.size >= MAX_SEARCHES && oldest !== undefined) this.#searches.delete(oldest);
    this.#searches.set(id, search);
    return this.#page(id, search, 0, search.selfUrl);
  }

  /** Returns a further page. `query` is that of a link. */
  continue(query: URLSearchParams, { userId, patientId }: UserSession, url: string): Reply {
    const id = query.get("_getpages") ?? "";
    const search = this.#searches.get(id);
    if (search === undefined || search.session.userId !== userId || search.session.patientId !== patientId) {
      return operationOutcome(410, "the search does not exist and may have expired", "expired");
    }
    const offset = Number(query.get("_getpagesoffset") ?? "0");
    if (!Number.isInteger(offset) || offset < 0)
      return operationOutcome(400, "_getpagesoffset is not an offset", "value");
    return this.#page(id, search, offset, url);
  }

  #page(id: string, { matches, pageSize }: StoredSearch, offset: number, selfUrl: string): Reply {
    const next = offset + pageSize;
    const link = [
      { relation: "self", url: selfUrl },
      ...(next < matches.length ? [{ relation: "next", url: this.#pageUrl(id, next, pageSize) }] : []),
    ];
    const head = {
      resourceType: "Bundle",
      id,
      meta: { lastUpdated: new Date().toISOString() },
      type: "searchset",
      total: matches.length,
      link,
    };
    return fhirReply(bundleText(head, matches.slice(offset, next), this.#baseUrl));
  }

  #pageUrl(id: string, offset: number, count: number): string {
    const parameters = {
      _getpages: id,
      _getpagesoffset: String(offset),
      _count: String(count),
      _bundletype: "searchset",
    };
    return `${this.#baseUrl}${FHIR_API_PATH}?${new URLSearchParams(parameters).toString()}`;
  }
}

/** A 200 with the unchanged JSON text of a resource. */
export function fhirReply(text: string): Reply {
  return { status: 200, headers: { "content-type": FHIR_JSON }, body: Buffer.from(text) };
}

/** Resources stay unchanged text: JSON.parse and JSON.stringify would turn a decimal such as 1.50 into 1.5. */
function bundleText(head: object, resources: readonly ApiResource[], baseUrl: string): string {
  const text = JSON.stringify(head);
  if (resources.length === 0) return text;
  const entries = resources.map(({ type, id, line }) => {
    const fullUrl = JSON.stringify(`${baseUrl}${FHIR_API_PATH}/${type}/${id}`);
    return `{"fullUrl":${fullUrl},"resource":${line},"search":{"mode":"match"}}`;
  });
  return `${text.slice(0, -1)},"entry":[${entries.join(",")}]}`;
}
