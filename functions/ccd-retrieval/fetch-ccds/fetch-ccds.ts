import { CcdsRefused, DocumentsRefused, WrongPatient } from "#ccd-retrieval/language/ccd-faults.ts";
import type { CcdRequestRecord } from "#ccd-retrieval/language/ccd-request.ts";
import type { FetchCcdsInput, FetchResult } from "#ccd-retrieval/language/ccd-state.ts";
import type { CcdRequests } from "#ccd-retrieval/records/ccd-request-records.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { FileCut, FileDamaged } from "#platform/faults/file-faults.ts";
import type { Step } from "#platform/lambda/step.ts";
import { elapsedOf, mayRetry, nextTry, pollIntervalMs, retryIntervalMs, triedAt } from "#platform/pacing/pacing.ts";
import { type FinishPorts, finishUnfinishedRequest, type RequestFault } from "./finish-unfinished-request.ts";
import { type LandingPorts, landDocuments } from "./land-documents.ts";

export interface FetchCcdsPorts extends LandingPorts, FinishPorts {
  requests: Pick<CcdRequests, "find" | "end">;
  landing: LandingPorts["landing"] & FinishPorts["landing"];
}

/**
 * Makes one attempt to fetch documents. They belong to our own CCD request, or to the unfinished one that the server still works
 * on. Those land under the unfinished request's id, are judged for its patient, and end it. "Not ready" is an ordinary result.
 * @throws CcdsRefused, DocumentsRefused, WrongPatient
 * @throws AccessRefused, SessionDead, SessionSecretUnusable, OriginRefused, EventsUndelivered
 * @throws ServerUnavailable after too many attempts in a row without a usable answer
 */
export const fetchCcds =
  (ports: FetchCcdsPorts): Step<FetchCcdsInput, FetchResult> =>
  async ({ request, order, fetch: last }, { signal }) => {
    const record = await findRecord(ports, request.requestId, order.fetchFor);
    const { requestId } = record;
    const isOther = requestId !== request.requestId;
    const previous = last?.requestId === requestId ? last : undefined;
    const tries = (previous?.tries ?? 0) + 1;
    const emptyZips = previous?.emptyZips ?? 0;
    const elapsed = elapsedOf(request, ports.now());
    const result = (
      outcome: FetchResult["outcome"],
      waitMs: number,
      counts: Partial<FetchResult> = {},
    ): FetchResult => {
      const none = { troubles: 0, emptyZips: 0 };
      return { outcome, ...nextTry(ports.now(), waitMs), tries, ...none, ...counts, requestId };
    };
    try {
      const landing = await landDocuments(ports, record, emptyZips, signal);
      if (landing.state === "not-ready") {
        ports.log.info("CCDS_NOT_READY", { requestId, attempt: tries, reason: landing.reason });
        // Of an unfinished request, only the time of the caller's request is known.
        const workedMs = ports.now() - (isOther ? Date.parse(record.requestedAt) : triedAt(order));
        const wait = pollIntervalMs({ retryAfterMs: landing.retryAfterMs, workedMs, ...elapsed });
        return result("not-ready", wait, { emptyZips: landing.emptyZip === true ? emptyZips + 1 : 0 });
      }
      if (!isOther) return result("ready", 0);
      await finishUnfinishedRequest(ports, record, landing);
      return result("other-done", 0);
    } catch (fault) {
      const failures = (previous?.troubles ?? 0) + 1;
      const outage = asUnavailable(fault);
      if (outage !== undefined && mayRetry(failures, outage)) {
        const fields = { requestId, attempt: tries, failuresInARow: failures, reason: outage.message };
        ports.log.warn("CCD_DOWNLOAD_FAILED", fields);
        const wait = retryIntervalMs(failures, outage.retryAfterMs, elapsed);
        return result("not-ready", wait, { troubles: failures, emptyZips });
      }
      const final = outage ?? fault;
      if (!isOther || !isRequestFault(final)) throw final;
      await finishUnfinishedRequest(ports, record, final);
      return result("other-done", 0);
    }
  };

/**
 * Finds the record of the CCD request whose documents this attempt fetches.
 * @throws Error if there is none
 */
async function findRecord(
  ports: FetchCcdsPorts,
  requestId: string,
  fetchFor: string | null,
): Promise<CcdRequestRecord> {
  const record = fetchFor === null ? undefined : await ports.requests.find(fetchFor);
  if (record !== undefined) return record;
  throw new Error(
    `the execution of CCD request ${requestId} has no record of the request to fetch documents for (${fetchFor ?? "none named"}): make the request again`,
  );
}

/** A download that breaks off, or whose content coding is damaged, says no more than a server that cannot be reached. */
function asUnavailable(fault: unknown): ServerUnavailable | undefined {
  if (fault instanceof FileCut || fault instanceof FileDamaged)
    return new ServerUnavailable(fault.message, { cause: fault });
  return fault instanceof ServerUnavailable ? fault : undefined;
}

/** Whether a fault is about this request's documents. Our own request would meet any other fault as well. */
function isRequestFault(fault: unknown): fault is RequestFault {
  return [CcdsRefused, DocumentsRefused, WrongPatient, ServerUnavailable].some((one) => fault instanceof one);
}
