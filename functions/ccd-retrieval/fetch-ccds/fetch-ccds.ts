import type { CcdEvent, CcdEventBus } from "#ccd-retrieval/language/ccd-events.ts";
import { ccdFailedEvent, ccdReadyEvent } from "#ccd-retrieval/language/ccd-events.ts";
import { CcdsRefused, DocumentsRefused, WrongPatient } from "#ccd-retrieval/language/ccd-faults.ts";
import type { CcdFailure, CcdRequestRecord } from "#ccd-retrieval/language/ccd-request.ts";
import type { CcdFetch, FetchCcdsInput } from "#ccd-retrieval/language/ccd-state.ts";
import type { CcdLanding } from "#ccd-retrieval/records/ccd-landing.ts";
import type { CcdRequests } from "#ccd-retrieval/records/ccd-request-records.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { FileCut } from "#platform/faults/file-faults.ts";
import type { Step } from "#platform/lambda/step.ts";
import { elapsedOf, nextTry, pollIntervalMs, troubleIntervalMs, worthAnotherTry } from "#platform/pacing/pacing.ts";
import { type RetrievalPorts, type Retrieved, retrieve } from "./retrieve.ts";

export interface FetchCcdsPorts extends RetrievalPorts {
  requests: Pick<CcdRequests, "find" | "end">;
  landing: RetrievalPorts["landing"] & Pick<CcdLanding, "indexPointer">;
  bus: CcdEventBus;
  now: () => number;
}

/**
 * Tries once to get documents: our own request's, or those of the unfinished one that the server is still at work on, which
 * land under that request's id, for its patient, and give it its end. "Not ready" is an answer like any other.
 * @throws CcdsRefused, DocumentsRefused, WrongPatient
 * @throws AccessRefused, SessionDead, SessionSecretUnusable, OriginRefused, EventsUndelivered
 * @throws ServerUnavailable after too many answers in a row that told nothing
 */
export const fetchCcds =
  (ports: FetchCcdsPorts): Step<FetchCcdsInput, CcdFetch> =>
  async ({ request, order: { fetchFor }, fetch: last }, { signal }) => {
    const record = fetchFor === null ? undefined : await ports.requests.find(fetchFor);
    if (record === undefined) throw new Error("there is no record of the request whose documents are to be fetched");
    const { requestId } = record;
    const previous = last?.requestId === requestId ? last : undefined;
    const tries = (previous?.tries ?? 0) + 1;
    const elapsed = elapsedOf(request, ports.now());
    const emptyZips = previous?.emptyZips ?? 0;
    const result = (outcome: CcdFetch["outcome"], waitMs: number, counts: Partial<CcdFetch> = {}): CcdFetch => ({
      outcome,
      ...nextTry(ports.now(), waitMs),
      tries,
      troubles: 0,
      emptyZips: 0,
      ...counts,
      requestId,
    });
    const isOther = requestId !== request.requestId;
    try {
      const retrieved = await retrieve(ports, record, emptyZips, signal);
      if (retrieved.state === "not-ready") {
        ports.log.info("the documents are not ready", { requestId, tries, reason: retrieved.reason });
        const wait = pollIntervalMs({ retryAfterMs: retrieved.retryAfterMs, polls: tries, ...elapsed });
        return result("not-ready", wait, { emptyZips: retrieved.emptyZip === true ? emptyZips + 1 : 0 });
      }
      if (!isOther) return result("ready", 0);
      await endOther(ports, record, retrieved);
      return result("other-done", 0);
    } catch (fault) {
      const troubles = (previous?.troubles ?? 0) + 1;
      const trouble = asUnavailable(fault);
      if (trouble !== undefined && worthAnotherTry(troubles, trouble)) {
        ports.log.warn("the documents could not be fetched", { requestId, tries, troubles, reason: trouble.message });
        return result("not-ready", troubleIntervalMs(troubles, trouble.retryAfterMs, elapsed), { troubles, emptyZips });
      }
      const final = trouble ?? fault;
      if (!isOther || !endsRequest(final)) throw final;
      await endOther(ports, record, final);
      return result("other-done", 0);
    }
  };

/** A download that broke off says no more than a server that could not be reached. */
function asUnavailable(fault: unknown): ServerUnavailable | undefined {
  if (fault instanceof FileCut) return new ServerUnavailable(fault.message, { cause: fault });
  return fault instanceof ServerUnavailable ? fault : undefined;
}

type RequestsEnd = CcdsRefused | DocumentsRefused | WrongPatient | ServerUnavailable;

/** Faults that are about the documents. Any other would be met by our own request as well. */
function endsRequest(fault: unknown): fault is RequestsEnd {
  return [CcdsRefused, DocumentsRefused, WrongPatient, ServerUnavailable].some((one) => fault instanceof one);
}

/** Tells the end of a request whose execution cannot, and keeps it. One that had its end before keeps that. */
async function endOther(
  ports: FetchCcdsPorts,
  { requestId, state }: CcdRequestRecord,
  end: Extract<Retrieved, { state: "landed" }> | RequestsEnd,
): Promise<void> {
  if (state !== "pending") return;
  const failure: (CcdFailure & { name: RequestsEnd["name"] }) | null =
    end instanceof Error ? { name: end.name, message: end.message } : null;
  const event: CcdEvent =
    end instanceof Error
      ? ccdFailedEvent(requestId, { name: end.name, message: end.message })
      : ccdReadyEvent(requestId, end.documents, ports.landing.indexPointer(requestId));
  // In this order a try that dies in between tells it once more, instead of never.
  await ports.bus.publish(event);
  await ports.requests.end(requestId, failure, new Date(ports.now()).toISOString());
  ports.log.warn("finished a request whose execution had ended", { requestId, failure: failure?.name ?? null });
}
