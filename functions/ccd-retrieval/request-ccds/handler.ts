import { ccdStep } from "#ccd-retrieval/ccd-step.ts";
import { requestCcdsInput, serverRequestResult } from "#ccd-retrieval/language/ccd-state.ts";
import { ccdLog } from "#ccd-retrieval/log.ts";
import { ccdRequestsFromEnvironment } from "#ccd-retrieval/records/ccd-request-records.ts";
import { ccdProtocolFromEnvironment } from "#ccd-retrieval/server/ccd-protocol-from-environment.ts";
import { createServerRequest } from "#ccd-retrieval/server/create-server-request.ts";
import { readPatient } from "#ccd-retrieval/server/read-patient.ts";
import { executionsFromEnvironment } from "#platform/executions/executions-from-environment.ts";

import { leasesFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { userClients } from "#user-session/user-client.ts";
import { requestCcds } from "./request-ccds.ts";

export const handler = ccdStep(requestCcdsInput, serverRequestResult, () => {
  const clients = userClients();
  const protocol = ccdProtocolFromEnvironment();
  return requestCcds({
    readPatient: async (sessionId, patientId, signal) =>
      await readPatient(await clients.ofSession(sessionId), patientId, signal),
    createServerRequest: async (sessionId, order, signal) =>
      await createServerRequest(await clients.ofSession(sessionId), protocol, order, signal),
    requests: ccdRequestsFromEnvironment(),
    leases: leasesFromEnvironment(),
    executions: executionsFromEnvironment(),
    log: ccdLog,
    now: Date.now,
  });
});
