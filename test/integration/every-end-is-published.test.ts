import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import {
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
} from "@aws-sdk/client-eventbridge";
import {
  type FunctionConfiguration,
  InvokeCommand,
  LambdaClient,
  paginateListFunctions,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { DescribeExecutionCommand, SFNClient, StopExecutionCommand } from "@aws-sdk/client-sfn";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openRuns } from "#bulk-export/records/open-runs.ts";
import { clientSettings } from "#local/local-bridge.ts";
import { isEnd } from "../fixtures/bridge-under-test.ts";
import { type RetrievalUnderTest, retrievalUnderTest } from "../fixtures/retrieval-under-test.ts";

const minute = 60_000;

describe("every end is published once", () => {
  let retrieval: RetrievalUnderTest;
  let dynamo: DynamoDBClient;
  let events: EventBridgeClient;
  let lambda: LambdaClient;
  let stepFunctions: SFNClient;
  let functions: FunctionConfiguration[];

  beforeAll(async () => {
    retrieval = await retrievalUnderTest({ simulator: { exportDurationMs: 600_000 } });
    const settings = clientSettings(retrieval.under.bridge.aws);
    dynamo = new DynamoDBClient(settings);
    events = new EventBridgeClient(settings);
    lambda = new LambdaClient(settings);
    stepFunctions = new SFNClient(settings);
    functions = [];
    for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, {})) functions.push(...Functions);
  });

  afterEach(async () => {
    await switchRules("on");
    retrieval.under.simulator.settings.exportDurationMs = 600_000;
  });

  afterAll(async () => {
    await retrieval.under.stop();
  });

  /** Switches the rules for executions that did not succeed on or off. While they are off, every such event is lost. */
  async function switchRules(to: "on" | "off"): Promise<void> {
    const { Rules = [] } = await events.send(new ListRulesCommand({}));
    const stopped = Rules.filter(({ EventPattern }) => EventPattern?.includes("Execution Status Change"));
    expect(stopped).toHaveLength(2);
    for (const { Name } of stopped)
      await events.send(to === "on" ? new EnableRuleCommand({ Name }) : new DisableRuleCommand({ Name }));
  }

  function functionOf(name: string): FunctionConfiguration {
    const found = functions.find(({ Environment }) => Environment?.Variables?.["POWERTOOLS_SERVICE_NAME"] === name);
    if (found === undefined) throw new Error(`there is no function ${name}`);
    return found;
  }

  /** A sweep, as if the schedule were due this much later. */
  async function sweep(name: "sweep-exports" | "sweep-ccd-requests", laterMs = 10 * minute): Promise<unknown> {
    const { FunctionName } = functionOf(name);
    const Payload = JSON.stringify({ time: new Date(Date.now() + laterMs).toISOString() });
    const { Payload: answer, FunctionError } = await lambda.send(new InvokeCommand({ FunctionName, Payload }));
    const text = answer?.transformToString() ?? "";
    if (FunctionError !== undefined) throw new Error(text);
    return JSON.parse(text);
  }

  async function stopExecution(name: string): Promise<void> {
    const machine = retrieval.under.bridge.outputs.exportStateMachineArn;
    const executionArn = `${machine.replace(":stateMachine:", ":execution:")}:${name}`;
    await stepFunctions.send(new StopExecutionCommand({ executionArn }));
    const status = async () => (await stepFunctions.send(new DescribeExecutionCommand({ executionArn }))).status;
    await expect.poll(status).toBe("ABORTED");
  }

  /** The keys of the leases and of the open items in the ledger. */
  async function leftInLedger(): Promise<string[]> {
    const { Items = [] } = await dynamo.send(
      new ScanCommand({ TableName: retrieval.under.bridge.outputs.ledgerTableName }),
    );
    return Items.filter(({ pk, openIn }) => openIn !== undefined || pk?.S?.startsWith("lease#")).map(
      ({ pk }) => pk?.S ?? "",
    );
  }

  /** An export publishes its end before it closes its open item and releases its lease, so both may still be seen after the event. */
  async function expectEmptyLedger(): Promise<void> {
    await expect.poll(leftInLedger).toEqual([]);
  }

  const endsOf = (exportId: string) => retrieval.under.eventsOf(exportId).filter(isEnd);
  const started = (exportId: string) =>
    retrieval.under.awaitEvent(
      (event): event is typeof event => event["detail-type"] === "Export Started" && event.detail.exportId === exportId,
    );
  const deletions = () => retrieval.under.simulator.log.filter(({ endpoint }) => endpoint === "delete").length;

  /** Waits until all events that were published so far were received: another export has begun and ended after them, and is closed. */
  async function fence(): Promise<void> {
    retrieval.under.simulator.settings.exportDurationMs = 100;
    const end = await retrieval.under.exportBy({ level: "system", types: ["Organization"] });
    expect(end["detail-type"]).toBe("Export Completed");
    await expectEmptyLedger();
  }

  it("an export that was stopped while its event was lost is swept: one event, one DELETE, no lease", async () => {
    await switchRules("off");
    const exportId = await retrieval.under.startExecution({ level: "patient", types: ["Patient"] }, "lost-1");
    await started(exportId);
    const before = deletions();
    await stopExecution(exportId);
    expect(await leftInLedger()).toEqual(expect.arrayContaining(["lease#patient", "open-run#lost-1#first"]));
    expect(await sweep("sweep-exports", 0)).toMatchObject({ published: 0 });
    expect(await sweep("sweep-exports")).toMatchObject({ published: 1 });
    expect(await sweep("sweep-exports")).toMatchObject({ published: 0 });
    expect(await leftInLedger()).toEqual([]);
    expect(deletions()).toBe(before + 1);
    await fence();
    expect(endsOf(exportId)).toMatchObject([{ "detail-type": "Export Cancelled", detail: { jobDeleted: true } }]);
    expect([...(await retrieval.under.objects(`work/${exportId}/stop.json`)).keys()]).toHaveLength(1);
  });

  it("an export that the rule has ended is not swept again", async () => {
    const exportId = await retrieval.under.startExecution({ level: "patient", types: ["Patient"] }, "ruled-1");
    await started(exportId);
    await stopExecution(exportId);
    await retrieval.under.awaitEndOf(exportId);
    await expectEmptyLedger();
    expect(await sweep("sweep-exports")).toMatchObject({ checked: 0, published: 0 });
    await fence();
    expect(endsOf(exportId)).toHaveLength(1);
  });

  it("an export that fails in good order is published by its workflow only", async () => {
    const exportId = await retrieval.under.startExecution({ level: "group", groupId: "no-such-group" }, "refused-1");
    expect(await retrieval.under.awaitEndOf(exportId)).toMatchObject({
      detail: { error: { name: "InvalidRequest" } },
    });
    await fence();
    expect(await sweep("sweep-exports")).toMatchObject({ published: 0 });
    await fence();
    expect(endsOf(exportId)).toHaveLength(1);
    await expectEmptyLedger();
  });

  it("a failure that its workflow could not publish is published by the rule, in its own words", async () => {
    const { FunctionName, Environment } = functionOf("fail-export");
    const { EVENT_BUS: _, ...Variables } = Environment?.Variables ?? {};
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
    const exportId = await retrieval.under.startExecution({ level: "group", groupId: "no-such-group" }, "untold-1");
    const end = await retrieval.under.awaitEndOf(exportId);
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment }));
    expect(end).toMatchObject({ "detail-type": "Export Failed", detail: { eventId: "untold-1/failed" } });
    expect(JSON.stringify(end)).toContain("groupId");
    await fence();
    expect(endsOf(exportId)).toHaveLength(1);
  });

  it("an export that was recorded and never started fails once nothing can start it any more", async () => {
    const { ledgerTableName } = retrieval.under.bridge.outputs;
    await openRuns(DynamoDBDocumentClient.from(dynamo), ledgerTableName, Date.now).open({
      exportId: "never-1",
      run: "first",
    });
    expect(await sweep("sweep-exports", 60 * minute)).toMatchObject({ published: 0 });
    expect(await sweep("sweep-exports", 8 * 60 * minute)).toMatchObject({ published: 1 });
    expect(await retrieval.under.awaitEndOf("never-1")).toMatchObject({ "detail-type": "Export Failed" });
    await expectEmptyLedger();
  });

  it("a CCD request that was stopped while its event was lost is swept: one event, no lease", async () => {
    await switchRules("off");
    retrieval.under.simulator.settings.ccdDurationMs = 600_000;
    const requestId = await retrieval.request(retrieval.patient(1));
    await expect.poll(leftInLedger).toContain("lease#ccd-session-service");
    await retrieval.stop(requestId);
    expect(await sweep("sweep-ccd-requests", 0)).toMatchObject({ published: 0 });
    expect(await sweep("sweep-ccd-requests")).toMatchObject({ published: 1 });
    expect(await sweep("sweep-ccd-requests")).toEqual({ checked: 0, published: 0 });
    expect((await retrieval.failed(requestId)).error.name).toBe("RetrievalStopped");
    expect(await retrieval.requests.find(requestId)).toMatchObject({ state: "failed" });
    expect(await leftInLedger()).toEqual([]);
    const about = retrieval.under.everyEvent().filter(({ detail }) => JSON.stringify(detail).includes(requestId));
    expect(about).toHaveLength(1);
  });

  it("a CCD request that was recorded and never started fails, so that its caller does not go on polling", async () => {
    const requestId = await retrieval.record(retrieval.patient(2));
    expect(await sweep("sweep-ccd-requests", 0)).toMatchObject({ published: 0 });
    expect(await sweep("sweep-ccd-requests")).toMatchObject({ published: 1 });
    expect((await retrieval.failed(requestId)).error.name).toBe("RetrievalStopped");
  });
});
