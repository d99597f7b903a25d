import type { CcdRequestRecord } from "#ccd-retrieval/language/ccd-request.ts";
import { type KnownPatient, nothingKnown } from "#ccd-retrieval/language/known-patient.ts";
import type { CcdLogCode } from "#ccd-retrieval/language/log-codes.ts";
import type { CcdRequests } from "#ccd-retrieval/records/ccd-request-records.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import type { Log } from "#platform/lambda/log.ts";
import { ReadRefused } from "#user-session/language/session-faults.ts";

export interface KnownPatientPorts {
  /**
   * Reads the Patient under a user session. Returns undefined if the server answers with another resource.
   * @throws SessionDead if the session is that of a link that was removed or connected again
   */
  readPatient(sessionId: string, patientId: string, signal: AbortSignal): Promise<KnownPatient | undefined>;
  requests: Pick<CcdRequests, "storePatient">;
  log: Log<CcdLogCode>;
}

/** How many attempts to read the Patient may fail before the bridge goes on without it. */
const allowedFailures = 3;

/**
 * Reads the server's Patient and stores what it says in the CCD request's record, by which the documents will be judged. If the
 * server does not give the Patient, the bridge stores that nothing is known: the patient's id alone must prove the documents.
 * @param failures attempts in a row without a usable answer so far
 * @throws ServerUnavailable while another attempt may succeed
 */
export async function storeKnownPatient(
  ports: KnownPatientPorts,
  { requestId, sessionId, order: { patientId } }: CcdRequestRecord,
  failures: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    const patient = await ports.readPatient(sessionId, patientId, signal);
    if (patient === undefined) ports.log.warn("PATIENT_READ_MISMATCHED");
    await ports.requests.storePatient(requestId, patient ?? nothingKnown);
  } catch (fault) {
    const isRefused = fault instanceof ReadRefused;
    // A server may have a Patient that it can never show. The documents must not wait for it until the deadline.
    const isGivenUp = fault instanceof ServerUnavailable && failures >= allowedFailures;
    if (!isRefused && !isGivenUp) throw fault;
    ports.log.warn("PATIENT_READ_FAILED", { reason: fault.message });
    await ports.requests.storePatient(requestId, nothingKnown);
  }
}
