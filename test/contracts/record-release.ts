import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListMapRunsCommand,
  SFNClient,
} from "@aws-sdk/client-sfn";
import { apiCaller } from "#local/api-caller.ts";
import { firstPatientId, requestCcds } from "#local/ccd-demo.ts";
import { clientSettings } from "#local/local-bridge.ts";
import { type BridgeUnderTest, bridgeUnderTest, completed, type EndEvent } from "#test/fixtures/bridge-under-test.ts";
import { machineFiles, rendered, tasksOf } from "#test/workflow/state-machine-files.ts";
import { outcomesOf, releaseFolder } from "./releases.ts";

/*
 * `npm run record-release -- 0.3.0`: runs exports and a CCD request on the local AWS, and writes what this version leaves in running
 * executions and in S3 to `test/contracts/releases/<version>/`. `releases.test.ts` reads it with the code of later versions.
 * Part of each release (CONTRIBUTING.md).
 */

const [version] = process.argv.slice(2);
if (version === undefined || !/^\d+\.\d+\.\d+$/.test(version))
  throw new Error("name the version that is recorded: npm run record-release -- 0.3.0");
const folder = releaseFolder(version);

/** What each state got as its input, once for each set of fields. */
type Inputs = Record<string, unknown[]>;

const bridge = await bridgeUnderTest({ simulator: { patients: 3 } });
try {
  await runEverything(bridge);
  mkdirSync(folder, { recursive: true });
  const { exportStateMachineArn, ccdStateMachineArn } = bridge.bridge.outputs;
  await writeStates("bulk-export.asl.json", exportStateMachineArn);
  await writeStates("ccd-retrieval.asl.json", ccdStateMachineArn);
  for (const file of machineFiles) write(file, rendered(file));
  write("outcomes.json", Object.fromEntries(machineFiles.map((file) => [file, outcomesOf(file)])));
  write("records.json", await records(bridge));
} finally {
  await bridge.stop();
}

/** Takes each way that leaves something of its own: complete, partial and resumed, afresh, adopted, failed, and a CCD request. */
async function runEverything({ simulator, caller, exportBy, awaitEvent, bridge: { outputs } }: BridgeUnderTest) {
  const first = completed(await exportBy({ level: "patient", since: "2020-01-01T00:00:00Z" }));
  await exportBy({ level: "group", groupId: "nobody-knows-it" });
  const end = (exportId: string, run: string) =>
    awaitEvent(
      (event): event is EndEvent =>
        event["detail-type"] === "Export Completed" && event.detail.exportId === exportId && event.detail.run === run,
    );
  const types = ["Condition", "Patient"];
  const missing = { kind: "status", status: 403, body: "attachment-not-found", match: "condition_file_1" } as const;
  simulator.faults.script("download", [missing]);
  const resumed = completed(await exportBy({ level: "system", types }));
  await caller.requestResumption(resumed.exportId);
  await end(resumed.exportId, "r1");
  simulator.faults.script("download", [missing]);
  const lost = completed(await exportBy({ level: "system", types }));
  const forgotten = { kind: "status", status: 404, body: "terminal" } as const;
  simulator.faults.script("status", [forgotten, forgotten, forgotten]);
  await caller.requestResumption(lost.exportId);
  await awaitEvent(
    (event): event is EndEvent =>
      event["detail-type"] === "Export Completed" && event.detail.predecessor === lost.exportId,
  );
  await Promise.all([exportBy({ level: "patient", types }), exportBy({ level: "patient", types })]);
  const patientId = await firstPatientId(caller, await caller.readSummary(first.exportId));
  await requestCcds(apiCaller(outputs), { patientId });
}

async function writeStates(file: string, stateMachineArn: string): Promise<void> {
  const tasks = new Set(tasksOf(file).map(([name]) => name));
  const inputs: Inputs = {};
  for await (const [state, input] of enteredStates(new SFNClient(clientSettings(bridge.bridge.aws)), stateMachineArn)) {
    if (!tasks.has(state)) continue;
    const known = (inputs[state] ??= []);
    if (!known.some((one) => fieldsOf(one) === fieldsOf(input))) known.push(input);
  }
  write(file.replace(".asl.json", ".states.json"), inputs);
}

async function* enteredStates(
  sfn: SFNClient,
  stateMachineArn: string,
): AsyncGenerator<[state: string, input: unknown]> {
  const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn, maxResults: 1000 }));
  for (const { executionArn } of executions) {
    const history = new GetExecutionHistoryCommand({ executionArn, maxResults: 1000, includeExecutionData: true });
    for (const { stateEnteredEventDetails: entered } of (await sfn.send(history)).events ?? [])
      if (entered?.name !== undefined && entered.input !== undefined) yield [entered.name, JSON.parse(entered.input)];
    const { mapRuns = [] } = await sfn.send(new ListMapRunsCommand({ executionArn }));
    for (const { mapRunArn } of mapRuns) {
      // The local AWS keeps no states of a child, but its input, which is that of its first state.
      const children = (await sfn.send(new ListExecutionsCommand({ mapRunArn }))).executions ?? [];
      for (const child of children) {
        const { input = "" } = await sfn.send(new DescribeExecutionCommand({ executionArn: child.executionArn }));
        yield ["Download file", JSON.parse(input)];
      }
    }
  }
}

/** The names of all fields, at every depth. */
function fieldsOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return "";
  const fields = Object.entries(value).map(
    ([name, field]) => `${Array.isArray(value) ? "" : name}{${fieldsOf(field)}}`,
  );
  return [...new Set(fields)].toSorted().join();
}

/** The bridge's own records in S3, by the kind of their key, once for each set of fields. */
async function records({ objects, caller }: BridgeUnderTest): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {};
  for (const prefix of ["work/", "exports/", "ccds/"]) {
    for (const key of (await objects(prefix)).keys()) {
      if (!key.endsWith(".json") || key.includes("manifest")) continue;
      const kind = key.replace(/^(\w+)\/[^/]+\//, "$1/*/").replace(/\/(receipts|failures)\/.*$/, "/$1/*");
      const record: unknown = JSON.parse((await caller.readObject(key)).toString("utf8"));
      const known = (found[kind] ??= []);
      if (!known.some((one) => fieldsOf(one) === fieldsOf(record))) known.push(record);
    }
  }
  return found;
}

function write(file: string, content: unknown): void {
  writeFileSync(join(folder, file), `${JSON.stringify(content, undefined, 2)}\n`);
  console.log(`wrote ${join(folder, file)}`);
}
