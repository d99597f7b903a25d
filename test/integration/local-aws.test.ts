import { execFile } from "node:child_process";
import { mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  DescribeMapRunCommand,
  DescribeStateMachineCommand,
  ListMapRunsCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import * as z from "zod";
import { ASSEMBLY_PREFIX, bootstrap, deployStacks } from "#local/local-aws/deploy.ts";
import { type LocalAws, startLocalAws } from "#local/local-aws/local-aws.ts";
import { ensurePythonEnvironment } from "#local/local-aws/python-environment.ts";
import { freePort, startServer } from "#local/local-aws/server.ts";

const outputs = z.object({
  ApiId: z.string(),
  MachineArn: z.string(),
  BucketName: z.string(),
  ForbiddenBucketName: z.string(),
  TableName: z.string(),
  Greeting: z.string(),
});
const result = z.object({
  caught: z.string().optional(),
  outcome: z
    .object({
      invocations: z.number(),
      bucket: z.string().optional(),
      put: z.string().optional(),
      item: z.array(z.string()).optional(),
      event: z.string().optional(),
    })
    .optional(),
});

const APP = "node test/fixtures/local-aws-app/app.ts";

let aws: LocalAws;
let sample: z.infer<typeof outputs>;

beforeAll(async () => {
  // A folder for temporary files of this test file only, because tests below compare its content before and after.
  vi.stubEnv("TMPDIR", await mkdtemp(join(tmpdir(), "local-aws-test-")));
  aws = await startLocalAws({ waitScale: 0.01 });
  await bootstrap(aws);
  const deployed = await deployStacks(aws, { app: APP, context: { greeting: "hello" } });
  sample = outputs.parse(deployed["LocalAwsSample"]);
});

afterAll(async () => {
  await aws?.stop();
  vi.unstubAllEnvs();
});

test("the context reaches the app, and the app's outputs are returned", () => {
  expect(sample.Greeting).toBe("hello");
});

test("a state machine catches an error of a function by the error's name", async () => {
  expect(await run({ fail: true })).toEqual({ caught: "SampleFault" });
});

test("a function's environment survives an error of its handler", async () => {
  const before = await run({});
  await run({ fail: true });
  expect(await run({})).toEqual({
    outcome: { ...before.outcome, invocations: Number(before.outcome?.invocations) + 2 },
  });
});

test("a function reaches what its role grants, and nothing else", async () => {
  expect((await run({ bucket: sample.BucketName })).outcome?.bucket).toBe("reached");
  expect((await run({ bucket: sample.ForbiddenBucketName })).outcome?.bucket).toBe("refused");
});

test("the log of a call has its last line as soon as the call has ended", async () => {
  const logs = new CloudWatchLogsClient(client());
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePattern: "Sample" }));
  const endsOf = async (say: string): Promise<number> => {
    await run({ say });
    const found = new FilterLogEventsCommand({ logGroupName: logGroups[0]?.logGroupName, filterPattern: `"${say}"` });
    return (await logs.send(found)).events?.length ?? 0;
  };
  // Concurrent calls keep the reader of the logs busy.
  for (const round of [1, 2, 3, 4, 5]) {
    const calls = Array.from({ length: 10 }, (_, call) => `the end of call ${round}-${call}.`);
    expect(await Promise.all(calls.map(endsOf))).toEqual(calls.map(() => 1));
  }
});

test("a bucket's policy can limit a function with write permission to new objects", async () => {
  const outcomes: unknown[] = [];
  for (const once of [false, true, true, false]) {
    outcomes.push((await run({ bucket: sample.BucketName, put: { key: "once/fact.json", once } })).outcome?.put);
  }
  expect(outcomes).toEqual(["AccessDenied", "written", "PreconditionFailed", "AccessDenied"]);
});

test("a policy can limit a function to items by the prefix of their keys", async () => {
  const outcomes: unknown[] = [];
  for (const pk of ["own#1", "other#own#1"])
    outcomes.push((await run({ item: { table: sample.TableName, pk } })).outcome?.item);
  expect(outcomes).toEqual([
    ["done", "done"],
    ["AccessDeniedException", "AccessDeniedException"],
  ]);
});

test("a policy may admit a function to events of one source and of some types", async () => {
  const outcomes: unknown[] = [];
  for (const event of [
    { source: "own", type: "One" },
    { source: "own", type: "Other" },
    { source: "own", type: "Third" },
    { source: "stranger", type: "One" },
  ])
    outcomes.push((await run({ event })).outcome?.event);
  expect(outcomes).toEqual(["done", "done", "AccessDeniedException", "AccessDeniedException"]);
});

test("a function gets the cookies of an HTTP API's request apart from the headers", async () => {
  const url = `${aws.endpoint}/_aws/execute-api/${sample.ApiId}/cookies`;
  const answer = await fetch(url, { headers: { cookie: "__Host-one=1; two=a=b" } });
  expect(await answer.json()).toEqual({ cookies: ["__Host-one=1", "two=a=b"], header: null });
  expect(await (await fetch(url)).json()).toEqual({ cookies: null, header: null });
});

test("a multipart upload is refused if the checksum of the whole object differs", async () => {
  const parts = [Buffer.alloc(5 * 1024 * 1024, "a"), Buffer.from("the end\n")];
  const whole = crc32Of(Buffer.concat(parts));
  await expect(upload("wrong", parts, crc32Of(Buffer.from("other")))).rejects.toThrow("did not match");
  expect(await upload("right", parts, whole)).toMatchObject({ ChecksumCRC32: whole, ChecksumType: "FULL_OBJECT" });
});

test("a Distributed Map that fails starts no further child", async () => {
  const machines = new SFNClient(client());
  const { roleArn } = await machines.send(new DescribeStateMachineCommand({ stateMachineArn: sample.MachineArn }));
  const child = { StartAt: "Fail", States: { Fail: { Type: "Fail", Error: "SampleFault" } } };
  const ItemProcessor = { ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" }, ...child };
  const map = { Type: "Map", ItemProcessor, MaxConcurrency: 1, ItemsPath: "$.items", End: true };
  const definition = JSON.stringify({ StartAt: "Map", States: { Map: map } });
  const machine = await machines.send(new CreateStateMachineCommand({ name: "failing-map", definition, roleArn }));
  const input = JSON.stringify({ items: [1, 2, 3, 4] });
  const { executionArn } = await machines.send(new StartExecutionCommand({ ...machine, input }));
  const ended = () => machines.send(new DescribeExecutionCommand({ executionArn }));
  await expect.poll(ended).toMatchObject({ status: "FAILED", error: "States.ExceedToleratedFailureThreshold" });
  const { mapRuns = [] } = await machines.send(new ListMapRunsCommand({ executionArn }));
  const mapRun = await machines.send(new DescribeMapRunCommand({ mapRunArn: mapRuns[0]?.mapRunArn }));
  expect(mapRun.itemCounts).toMatchObject({ failed: 1, aborted: 3 });
});

test("the Python environment has cfn-lint", async () => {
  const { cfnLint } = await ensurePythonEnvironment();
  const { stdout } = await promisify(execFile)(cfnLint, ["--version"]);
  expect(stdout).toBe("cfn-lint 1.58.0\n");
});

test("stopping ends every process and removes every file", async () => {
  const before = await scratchDirectories();
  const another = await startLocalAws();
  const mine = (await scratchDirectories()).filter((name) => !before.includes(name));
  expect(mine).toHaveLength(1);
  await another.stop();
  expect(await scratchDirectories()).not.toContain(mine[0]);
  await expect(fetch(another.endpoint)).rejects.toThrow("fetch failed");
});

test("the local AWS ends if its parent process is killed", async () => {
  const module = new URL("../../local/local-aws/local-aws.ts", import.meta.url).href;
  const script = `
    const { startLocalAws } = await import(${JSON.stringify(module)});
    console.log((await startLocalAws()).endpoint);
    process.kill(process.pid, "SIGKILL");`;
  const node = ["node_modules/.bin/node", "--input-type=module", "--eval", script] as const;
  const killed = await promisify(execFile)(node[0], node.slice(1)).catch((error: { stdout: string }) => error);
  const endpoint = killed.stdout.trim();
  expect(endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  await expect
    .poll(() =>
      fetch(endpoint).then(
        () => "answers",
        () => "gone",
      ),
    )
    .toBe("gone");
});

test("a server starts on another port if its port was taken before it listened", async () => {
  const taken = Number(new URL(aws.endpoint).port);
  const ports = [taken, await freePort(0)];
  const server = await startServer({ waitScale: 1, enforceIam: true }, () => Promise.resolve(ports.shift() ?? 0));
  await server.stop();
  expect(server.endpoint).not.toBe(aws.endpoint);
  expect(ports).toEqual([]);
});

test("the error of a server that cannot start has the reason", async () => {
  const port = Number(new URL(aws.endpoint).port);
  await expect(startLocalAws({ port })).rejects.toThrow("EADDRINUSE");
});

test("a deployment that fails shows the end of the CDK's output", async () => {
  const broken = deployStacks(aws, { app: "node no-such-app.ts", context: {} });
  await expect(broken).rejects.toThrow("no-such-app.ts");
});

test("a deployment that fails leaves no assembly behind", async () => {
  const before = await assemblies();
  const broken = deployStacks(aws, { app: "node no-such-app.ts", context: {} });
  // Its failure is handled from the start, because it may come before the poll has ended.
  const failure = broken.catch((error: unknown) => error);
  await expect.poll(assemblies).not.toEqual(before);
  expect(await failure).toMatchObject({ message: expect.stringContaining("no-such-app.ts") as string });
  expect(await assemblies()).toEqual(before);
});

const assemblies = async () => (await readdir(tmpdir())).filter((name) => name.startsWith(ASSEMBLY_PREFIX));

async function run(input: object): Promise<z.infer<typeof result>> {
  const machines = new SFNClient(client());
  const { executionArn } = await machines.send(
    new StartExecutionCommand({ stateMachineArn: sample.MachineArn, input: JSON.stringify(input) }),
  );
  for (;;) {
    const { status, output, cause } = await machines.send(new DescribeExecutionCommand({ executionArn }));
    if (status === "SUCCEEDED") return result.parse(JSON.parse(output ?? "null"));
    if (status !== "RUNNING") throw new Error(`The execution ended as ${status}: ${cause}`);
    await delay(50);
  }
}

async function upload(key: string, parts: Buffer[], checksum: string) {
  const s3 = new S3Client({ ...client(), forcePathStyle: true });
  const at = { Bucket: sample.BucketName, Key: key };
  const begin = { ...at, ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" } as const;
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(begin));
  const Parts: CompletedPart[] = [];
  for (const Body of parts) {
    const PartNumber = Parts.length + 1;
    const { ETag } = await s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber, Body }));
    Parts.push({ ETag, PartNumber });
  }
  const end = { ...at, UploadId, MultipartUpload: { Parts }, ChecksumType: "FULL_OBJECT" } as const;
  return s3.send(new CompleteMultipartUploadCommand({ ...end, ChecksumCRC32: checksum }));
}

function crc32Of(bytes: Buffer): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString("base64");
}

function client() {
  return { endpoint: aws.endpoint, region: aws.region, credentials: aws };
}

async function scratchDirectories(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith("integra-bridge-aws-"));
}
