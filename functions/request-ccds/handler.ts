import { ccdOrderResult, requestCcdsInput } from "#contracts/ccd-state.ts";
import { createCcdRequest } from "#integra/ccd.ts";
import { readPatient } from "#integra/patient-read.ts";
import { ccdProtocolFromEnvironment } from "#runtime/ccd-protocol.ts";
import { executionsFromEnvironment } from "#runtime/executions.ts";
import { ccdRequestsFromEnvironment, leasesFromEnvironment } from "#runtime/ledger.ts";
import { log } from "#runtime/log.ts";
import { step } from "#runtime/step.ts";
import { userClient } from "#runtime/user-client.ts";
import { requestCcds } from "./request-ccds.ts";

export const handler = step(requestCcdsInput, ccdOrderResult, () => {
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
