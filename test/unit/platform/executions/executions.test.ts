import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { mockClient } from "aws-sdk-client-mock";
import { beforeEach, describe, expect, it } from "vitest";
import { executions } from "#platform/executions/executions.ts";

const machine = "arn:aws:states:eu-central-1:123456789012:stateMachine:bulk-export";
const execution = "arn:aws:states:eu-central-1:123456789012:execution:bulk-export:e1";

describe("the machine's executions", () => {
  const client = new SFNClient({ region: "eu-central-1" });
  const mock = mockClient(client);
  const stepFunctions = executions(client, machine);
  const described = (status: "RUNNING" | "SUCCEEDED" | "FAILED" | "ABORTED" | "TIMED_OUT" | "PENDING_REDRIVE") =>
    mock.on(DescribeExecutionCommand, { executionArn: execution }).resolves({ status, input: '{"level":"patient"}' });
  beforeEach(() => {
    mock.reset();
  });

  it.each([
    ["RUNNING", "running"],
    ["PENDING_REDRIVE", "running"],
    ["SUCCEEDED", "succeeded"],
    ["FAILED", "ended"],
    ["ABORTED", "ended"],
    ["TIMED_OUT", "ended"],
  ] as const)("an execution whose status is %s counts as %s", async (status, expected) => {
    described(status);
    expect(await stepFunctions.find("e1")).toMatchObject({
      name: "e1",
      status: expected,
      input: { level: "patient" },
    });
  });

  it("an execution that ended is described with the time and the words of its end", async () => {
    const stopDate = new Date("2026-03-01T12:00:00Z");
    const end = { status: "FAILED", error: "States.Runtime", cause: "a path is missing" } as const;
    mock.on(DescribeExecutionCommand).resolves({ ...end, stopDate });
    expect(await stepFunctions.find("e1")).toEqual({
      name: "e1",
      status: "ended",
      input: null,
      endedAt: stopDate.getTime(),
      end,
    });
  });

  it("only an execution that does not exist counts as absent", async () => {
    mock.on(DescribeExecutionCommand).rejects(new ExecutionDoesNotExist({ $metadata: {}, message: "no" }));
    expect(await stepFunctions.find("e1")).toBeUndefined();
    mock.on(DescribeExecutionCommand).rejects(new Error("AccessDenied"));
    await expect(stepFunctions.find("e1")).rejects.toThrow("AccessDenied");
  });

  it("an execution is started by name, and if the name is taken, its owner is returned", async () => {
    mock.on(StartExecutionCommand).resolves({});
    expect(await stepFunctions.start("e1", { a: 1 })).toBeUndefined();
    expect(mock.commandCalls(StartExecutionCommand)[0]?.args[0].input).toEqual({
      stateMachineArn: machine,
      name: "e1",
      input: '{"a":1}',
    });
    mock.on(StartExecutionCommand).rejects(new ExecutionAlreadyExists({ $metadata: {}, message: "taken" }));
    described("RUNNING");
    expect(await stepFunctions.start("e1", {})).toMatchObject({ name: "e1", status: "running" });
  });

  it("an execution is stopped with a reason", async () => {
    mock.on(StopExecutionCommand).resolves({});
    await stepFunctions.stop("e1", "cancelled by event i");
    expect(mock.commandCalls(StopExecutionCommand)[0]?.args[0].input).toMatchObject({
      executionArn: execution,
      cause: "cancelled by event i",
    });
  });
});
