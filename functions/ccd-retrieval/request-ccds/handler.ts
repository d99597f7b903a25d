import { ccdStep } from "#ccd-retrieval/ccd-step.ts";
import { ccdOrderResult, requestCcdsInput } from "#ccd-retrieval/language/ccd-state.ts";
import { ccdRequestsFromEnvironment } from "#ccd-retrieval/records/ccd-request-records.ts";
import { createCcdRequest } from "#ccd-retrieval/server/ccd.ts";
import { ccdProtocolFromEnvironment } from "#ccd-retrieval/server/ccd-protocol-from-environment.ts";
import { readPatient } from "#ccd-retrieval/server/patient-read.ts";
import { executionsFromEnvironment } from "#platform/executions/executions-from-environment.ts";
import { log } from "#platform/lambda/log.ts";
import { leasesFromEnvironment } from "#platform/ledger/ledger-from-environment.ts";
import { userClient } from "#user-session/user-client.ts";
import { requestCcds } from "./request-ccds.ts";

export const handler = ccdStep(requestCcdsInput, ccdOrderResult, () => {
  const client = userClient();
  const protocol = ccdProtocolFromEnvironment();
  return requestCcds({
    readPatient: (patientId, signal) => readPatient(client, patientId, signal),
    createRequest: (query, signal) => createCcdRequest(client, protocol, query, signal),
    requests: ccdRequestsFromEnvironment(),
    leases: leasesFromEnvironment(),
    executions: executionsFromEnvironment(),
    log,
    now: Date.now,
  });
});
