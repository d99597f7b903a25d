/*
 * `npm start`: runs the whole bridge on this machine once. It starts a local AWS and an IntegraConnect simulator, deploys
 * the stacks that a user deploys, puts one "Export Requested" event on the bus, and requests one patient's CCDs from the API.
 * Then it links a user by a SMART launch, and requests CCDs under that link. It shows all results. With `--keep` it then serves
 * the console until it is stopped.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { apiCaller } from "./api-caller.ts";
import { bridgeCaller } from "./bridge-caller.ts";
import { firstPatientId, requestCcds } from "./ccd-demo.ts";
import { startLocalConsole } from "./console/local-console.ts";
import { type LocalIssuer, startLocalIssuer } from "./console/local-issuer.ts";
import { exportReport } from "./export-report.ts";
import { watchExport } from "./export-watch.ts";
import { simulatedConnection } from "./integra-connection.ts";
import { demoLaunches, linkUser, tryOtherPatient } from "./link-demo.ts";
import { ensurePythonEnvironment } from "./local-aws/python-environment.ts";
import { type LocalBridge, startLocalBridge } from "./local-bridge.ts";
import { runStoppable } from "./run-stoppable.ts";

const startedAt = performance.now();

const { values: flags } = parseArgs({
  options: {
    /** Serves the console after the demonstration, until the run is stopped. */
    keep: { type: "boolean", default: false },
  },
});

/** An export of the simulator's data takes seconds. One that has not ended by then hangs. */
const exportDeadlineMs = 120_000;

await runStoppable(async (signal) => {
  report("setting up the local AWS (the first time, this takes a while)");
  await ensurePythonEnvironment();
  signal.throwIfAborted();
  const connection = await simulatedConnection();
  report(`the IntegraConnect simulator listens at ${connection.settings.baseUrl}`);
  const issuer = flags.keep ? await startLocalIssuer() : undefined;
  try {
    const settings = { smart: demoLaunches, ...(issuer && { api: { jwt: issuer.trust } }) };
    const bridge = await startLocalBridge({ connection, settings, report, signal });
    try {
      await demonstrate(bridge, signal);
      if (issuer) await serveConsole(bridge, issuer, signal);
    } finally {
      await bridge.stop();
    }
  } finally {
    await issuer?.close();
    await connection.close();
  }
});

async function demonstrate(bridge: LocalBridge, signal: AbortSignal): Promise<void> {
  const caller = bridgeCaller(bridge);
  const requestId = `demo-${randomUUID()}`;
  const detail = { level: "patient", requestId };
  report(`requesting an export: ${JSON.stringify(detail)}`);
  await caller.requestExport(detail);
  const deadline = AbortSignal.timeout(exportDeadlineMs);
  const watched = await watchExport(caller, { requestId, report, signal: AbortSignal.any([signal, deadline]) });
  const { end } = watched;
  if (end["detail-type"] === "Export Failed") throw new Error(`${end.detail.error.name}: ${end.detail.error.message}`);
  if (end["detail-type"] === "Export Cancelled") throw new Error("the export was cancelled");
  report(`export ${end.detail.exportId} is ${end.detail.status}`);
  const summary = await caller.readSummary(watched.exportId);
  console.log(`\n${exportReport(summary, watched, bridge.outputs.bucketName)}\n`);
  const api = apiCaller(bridge.outputs);
  const patientId = await firstPatientId(caller, summary);
  report("requesting the documents of one patient from the API");
  console.log(`\n${await requestCcds(api, { patientId })}\n`);
  report("linking a user by a SMART launch");
  const linked = await linkUser(api);
  console.log(`\n${linked.report}\n${await tryOtherPatient(api, linked.link, patientId)}\n`);
  report("requesting the documents of the linked user's patient under the link");
  console.log(`\n${await requestCcds(api, { patientId: linked.patient, link: linked.link })}\n`);
}

async function serveConsole(bridge: LocalBridge, issuer: LocalIssuer, signal: AbortSignal): Promise<void> {
  report("building the console");
  const served = await startLocalConsole({ apiUrl: bridge.outputs.apiUrl, issuer });
  try {
    report(`the console is at ${served.url} (no password); press Ctrl-C to stop`);
    if (!signal.aborted) await once(signal, "abort");
  } finally {
    await served.close();
  }
}

function report(line: string): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(5);
  console.log(`${seconds} s  ${line}`);
}
