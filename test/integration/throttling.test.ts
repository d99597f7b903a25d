import { GetExecutionHistoryCommand, ListExecutionsCommand, ListMapRunsCommand, SFNClient } from "@aws-sdk/client-sfn";
import { AwsClient } from "aws4fetch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { clientSettings } from "#local/local-bridge.ts";
import { type BridgeUnderTest, bridgeUnderTest, completed } from "../fixtures/bridge-under-test.ts";
import { filesOfJob, landedFiles, sameBytes } from "../fixtures/landed-files.ts";

const request = { level: "patient", types: ["Condition", "Device", "Patient"] };

describe("an export whose downloads are throttled", () => {
  let test: BridgeUnderTest;

  beforeAll(async () => {
    test = await bridgeUnderTest();
  });

  afterAll(async () => {
    await test.stop();
  });

  it("for a quarter of an hour lands every file", async () => {
    const functions = lambda(test);
    const download = await functions.nameOf("download-file");
    await functions.reserve(download, 0);
    const name = await test.startExecution(request);
    // Twenty attempts take 15 minutes, which the local AWS makes nine seconds. More may follow before the test sees them.
    const attempts = async () => (await throttles(test, name)).map((times) => Math.min(times, 20));
    await expect.poll(attempts, { interval: 500 }).toEqual([20, 20, 20]);
    expect(test.simulator.log.filter(({ endpoint }) => endpoint === "download")).toEqual([]);
    await functions.release(download);

    const { exportId, status, totals } = completed(await test.awaitEndOf(name));
    expect({ status, totals }).toMatchObject({ status: "complete", totals: { files: 3, failedFiles: 0 } });
    const { serverJobId } = await test.caller.readSummary(exportId);
    sameBytes(await landedFiles(test, exportId), filesOfJob(test.simulator, serverJobId));
  });
});

describe("an export in an account that runs eight functions at once", () => {
  let test: BridgeUnderTest;

  beforeAll(async () => {
    test = await bridgeUnderTest({
      concurrentExecutions: 8,
      settings: { export: { downloadConcurrency: 40 } },
      simulator: { syntheticFiles: { count: 60, linesPerFile: 10 } },
    });
  });

  afterAll(async () => {
    await test.stop();
  });

  it("lands every file, though it is set to download forty at once with ten functions", async () => {
    // The first functions wait for their files until the account has refused another one.
    const downloads = test.simulator.holdRequests("download");
    const name = await test.startExecution({ level: "patient", types: ["Observation"] });
    await expect.poll(async () => Math.max(...(await throttles(test, name)))).toBeGreaterThan(0);
    downloads.release();
    const { status, totals } = completed(await test.awaitEndOf(name));
    expect({ status, totals }).toMatchObject({ status: "complete", totals: { files: 60, failedFiles: 0 } });
  });
});

/** How often each child of an export's Map was throttled so far. */
async function throttles({ bridge }: BridgeUnderTest, execution: string): Promise<number[]> {
  const sfn = new SFNClient(clientSettings(bridge.aws));
  const executionArn = `${bridge.outputs.exportStateMachineArn.replace(":stateMachine:", ":execution:")}:${execution}`;
  const { mapRuns = [] } = await sfn.send(new ListMapRunsCommand({ executionArn }));
  const counts = mapRuns.map(async ({ mapRunArn }) => {
    const { executions = [] } = await sfn.send(new ListExecutionsCommand({ mapRunArn }));
    return await Promise.all(
      executions.map(async (child) => {
        const history = await sfn.send(new GetExecutionHistoryCommand({ executionArn: child.executionArn }));
        const errors = (history.events ?? []).map((event) => event.taskFailedEventDetails?.error);
        return errors.filter((error) => error === "Lambda.TooManyRequestsException").length;
      }),
    );
  });
  return (await Promise.all(counts)).flat();
}

const configurations = z.object({
  Functions: z.array(
    z.object({ FunctionName: z.string(), Environment: z.object({ Variables: z.record(z.string(), z.string()) }) }),
  ),
});

const concurrency = (name: string) => `/2017-10-31/functions/${name}/concurrency`;

/** What this test needs of Lambda's API. A reservation of 0 lets no call of a function through. */
function lambda({ bridge: { aws } }: BridgeUnderTest) {
  const client = new AwsClient({ ...aws, service: "lambda", retries: 0 });
  const send = async (path: string, init: RequestInit = {}) => {
    const response = await client.fetch(`${aws.endpoint}${path}`, init);
    if (!response.ok) throw new Error(`Lambda answered ${response.status}: ${await response.text()}`);
    return response;
  };
  return {
    /** The name of the deployed function of a step's folder. */
    nameOf: async (folder: string): Promise<string> => {
      const { Functions } = configurations.parse(await (await send("/2015-03-31/functions?MaxItems=500")).json());
      const found = Functions.find(({ Environment }) => Environment.Variables["POWERTOOLS_SERVICE_NAME"] === folder);
      if (found === undefined) throw new Error(`no function runs ${folder}`);
      return found.FunctionName;
    },
    reserve: (name: string, ReservedConcurrentExecutions: number) =>
      send(concurrency(name), { method: "PUT", body: JSON.stringify({ ReservedConcurrentExecutions }) }),
    release: (name: string) => send(concurrency(name), { method: "DELETE" }),
  };
}
