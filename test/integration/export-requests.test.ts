import {
  GetScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
import { SFNClient, StopExecutionCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientSettings } from "#local/local-bridge.ts";
import { type BridgeUnderTest, bridgeUnderTest, completed, failed } from "../fixtures/bridge-under-test.ts";

describe("requests to start and to stop an export", () => {
  let test: BridgeUnderTest;

  beforeAll(async () => {
    const detail = { level: "group", groupId: "age-below-5", types: ["Patient"] };
    const expression = "at(2099-01-01T00:00:00)";
    test = await bridgeUnderTest({ settings: { schedules: [{ name: "once", expression, detail }] } });
  });

  afterAll(async () => {
    await test.stop();
  });

  const kickOffs = () => test.simulator.log.filter(({ endpoint }) => endpoint === "kick-off").length;

  it.each([
    ["an unknown level", { level: "everything" }, ["level: must be one of patient, group, system"]],
    ["no level", {}, ["level: must be one of patient, group, system"]],
    ["an unknown type", { level: "patient", types: ["Patient", "Spaceship"] }, ['types: "Spaceship" is not among']],
    ["a missing group", { level: "group" }, ["groupId: is missing (one of 187419279 or age-below-5"]],
    ["an unknown group", { level: "group", groupId: "age-90-to-95" }, ['groupId: "age-90-to-95" is not among']],
    ["a group of another level", { level: "system", groupId: "187419279" }, ['groupId: belongs to level "group" only']],
    [
      "an instant without a zone",
      { level: "patient", since: "2026-01-31T00:00:00" },
      ["since: must be a FHIR instant"],
    ],
    [
      "a day that does not exist",
      { level: "patient", since: "2026-02-30T00:00:00Z" },
      ["since: names a day that does not exist"],
    ],
    [
      "unknown fields",
      { level: "patient", patient: "1", reason: "x" },
      ["patient: is not a known field", "reason: is not"],
    ],
    ["another format", { level: "patient", outputFormat: "text/csv" }, ["outputFormat: must be one of"]],
    [
      "several faults at once",
      { level: "group", types: ["Spaceship"], since: "yesterday", extra: true },
      [
        "since: must be a FHIR instant",
        "extra: is not a known field",
        'types: "Spaceship" is not among',
        "groupId: is missing",
      ],
    ],
  ])(
    "a request with %s fails at once with every fault, and without a request to IntegraConnect",
    async (_, detail, faults) => {
      const before = test.simulator.log.length;
      const event = failed(await test.exportBy(detail));

      expect(event.error.name).toBe("InvalidRequest");
      for (const fault of faults) expect(event.error.message).toContain(fault);
      expect(event.request).toBeNull();
      expect(test.simulator.log.length).toBe(before);
      expect((await test.objects(`exports/${event.exportId}/`)).size).toBe(0);
    },
  );

  it.each([["a list"], [["patient"]], [42], [null]])(
    "an execution that is started by hand with the input %j fails as an invalid request",
    async (input) => {
      const exportId = await test.startExecution(
        input,
        `odd-${JSON.stringify(input).replace(/\W/g, "")}-${Date.now()}`,
      );

      expect(failed(await test.awaitEndOf(exportId)).error.name).toBe("InvalidRequest");
    },
  );

  it("a group's id, a time zone with a plus and the format ndjson reach the server", async () => {
    const event = completed(
      await test.exportBy({
        level: "group",
        groupId: "187419279",
        types: ["Patient"],
        since: "2020-01-31T00:00:00+05:30",
        outputFormat: "ndjson",
      }),
    );
    const kickOff = test.simulator.log.findLast(({ endpoint }) => endpoint === "kick-off");

    expect(event.request).toMatchObject({ groupName: "age-below-5", since: "2020-01-31T00:00:00+05:30" });
    expect(kickOff?.query).toBe("_outputFormat=ndjson&_since=2020-01-31T00%3A00%3A00%2B05%3A30&_type=Patient");
    expect(kickOff?.headers).toMatchObject({ accept: "application/fhir+json", prefer: "respond-async" });
  });

  it("a stopped execution deletes its job at the server, and lands no file", async () => {
    const { simulator, bridge } = test;
    simulator.settings.exportDurationMs = 600_000;
    const exportId = await test.startExecution({ level: "system", types: ["Patient"] });
    await test.awaitEvent(
      (event): event is typeof event => event["detail-type"] === "Export Started" && event.detail.exportId === exportId,
    );
    const executionArn = `${bridge.outputs.exportStateMachineArn.replace(":stateMachine:", ":execution:")}:${exportId}`;
    await new SFNClient(clientSettings(bridge.aws)).send(new StopExecutionCommand({ executionArn }));
    const end = await test.awaitEndOf(exportId);
    simulator.settings.exportDurationMs = 300;

    expect(end).toMatchObject({
      "detail-type": "Export Cancelled",
      detail: { exportId, jobDeleted: true, request: { level: "system", types: ["Patient"] } },
    });
    expect(simulator.jobs().at(-1)).toMatchObject({ level: "System", deleted: true });
    expect((await test.objects(`exports/${exportId}/`)).size).toBe(0);
  });

  /** Sets the schedule of the settings to a second from now. The others are those of the sweepers. */
  async function bringScheduleForward(): Promise<void> {
    const scheduler = new SchedulerClient(clientSettings(test.bridge.aws));
    const { Schedules = [] } = await scheduler.send(new ListSchedulesCommand({}));
    const { Name, GroupName } = Schedules.find(({ Name: name }) => name?.includes("Trigger")) ?? {};
    const { Target, FlexibleTimeWindow } = await scheduler.send(new GetScheduleCommand({ Name, GroupName }));
    const soon = new Date(Date.now() + 1_000).toISOString().slice(0, 19);
    const changed = { Name, GroupName, Target, FlexibleTimeWindow, ScheduleExpression: `at(${soon})` };
    await scheduler.send(new UpdateScheduleCommand(changed));
  }

  it("a schedule starts its export at the scheduled time", async () => {
    const before = kickOffs();
    await bringScheduleForward();
    const started = await test.awaitEvent((event): event is typeof event =>
      event.detail.exportId.startsWith("schedule-once-"),
    );
    const event = completed(await test.awaitEndOf(started.detail.exportId));

    expect(event.request).toMatchObject({ level: "group", groupName: "age-below-5", types: ["Patient"] });
    expect(kickOffs()).toBe(before + 1);
  });
});
