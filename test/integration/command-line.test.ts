import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { EventBridgeClient, ListRulesCommand } from "@aws-sdk/client-eventbridge";
import { ListQueuesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { namedCommands } from "#cli/cli-docs.ts";
import { clientSettings } from "#local/local-bridge.ts";
import { beginSignIn, finishSignIn, signIn } from "#local/portal-sign-in.ts";
import { SmallBrowser } from "#local/small-browser.ts";
import { searchable } from "../fixtures/api-answers.ts";
import { type BridgeUnderTest, bridgeUnderTest } from "../fixtures/bridge-under-test.ts";

const launcher = new URL("../../cli/integra.mjs", import.meta.url).pathname;

/** The Node of the machine, which may be an old one, and not the one that npm runs scripts with. */
const machinePath = (process.env["PATH"] ?? "")
  .split(":")
  .filter((folder) => !folder.endsWith("node_modules/.bin"))
  .join(":");

describe("the command line on a local stage", () => {
  let test: BridgeUnderTest;
  let folder: string;
  beforeAll(async () => {
    test = await bridgeUnderTest({
      simulator: { patients: 5 },
      settings: {
        smart: { scopes: ["openid", "fhirUser", "offline_access", "launch/patient", "patient/*.rs"] },
      },
    });
    folder = await mkdtemp(join(tmpdir(), "integra-bridge-cli-"));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await test.stop();
  });

  function start(args: readonly string[], input = ""): ChildProcessWithoutNullStreams {
    const { AWS_PROFILE: _, ...env } = test.bridge.aws.env as Record<string, string>;
    const child = spawn("node", [launcher, ...args, "--stage", "local"], {
      env: { ...env, PATH: machinePath },
      stdio: "pipe",
    });
    child.stdin.end(input);
    return child;
  }

  /** Runs a command to its end. */
  async function run(args: readonly string[], input?: string) {
    const child = start(args, input);
    const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: await ended, output, errors };
  }

  /** Runs a command with --json. Its answer must be what docs/cli.schema.json says. */
  async function read<Answer = Record<string, unknown>>(args: readonly string[], input?: string): Promise<Answer> {
    const { code, output, errors } = await run([...args, "--json"], input);
    expect(code, errors).toBe(0);
    const answer: unknown = JSON.parse(output);
    const named = namedCommands().find(({ name }) => args.join(" ").startsWith(name));
    expect(named?.definition.answer.safeParse(answer).error).toBeUndefined();
    expect(named).toBeDefined();
    return answer as Answer;
  }

  it("a patient is found, and the patient's CCDs are requested, listed and saved", async () => {
    const { id: patientId, gender, birthdate, phone } = searchable(test.simulator, 0);
    const found = await read<{ patients: { id: string }[] }>(
      ["patients", "find"],
      JSON.stringify({ gender, birthdate, phone }),
    );
    expect(found.patients.map(({ id }) => id)).toEqual([patientId]);

    const file = join(folder, "request.json");
    await writeFile(file, JSON.stringify({ patientId }));
    const request = await read<{ requestId: string; saved: { file: string }[] }>([
      "ccd",
      "request",
      "--from",
      file,
      "--out",
      folder,
    ]);
    expect(request).toMatchObject({ state: "ready" });
    expect(await readFile(request.saved[0]?.file ?? "", "utf8")).toContain("<ClinicalDocument");
    const page = await read<{ saved: { file: string }[] }>([
      "ccd",
      "get",
      request.requestId,
      "--html",
      "--out",
      folder,
    ]);
    expect(await readFile(page.saved[0]?.file ?? "", "utf8")).toContain("<html");
    const { requests } = await read<{ requests: object[] }>(["ccd", "list"]);
    expect(requests).toEqual([expect.objectContaining({ requestId: request.requestId, state: "ready" })]);
  });

  it("an export is started, watched, listed and saved, and one that runs is cancelled", async () => {
    const started = await run(["export", "start", "--level", "patient", "--type", "Patient", "--watch"]);
    expect([started.code, started.output]).toEqual([0, expect.stringContaining("is completed")]);
    expect(started.errors).not.toContain("\u001b");
    const { exports: listed } = await read<{ exports: { exportId: string }[] }>([
      "export",
      "list",
      "--state",
      "completed",
    ]);
    const exportId = listed[0]?.exportId ?? "";
    expect(await read(["export", "show", exportId])).toMatchObject({ exportId, state: "completed" });
    expect(await read(["export", "watch", exportId])).toMatchObject({ exportId, state: "completed" });
    const { files } = await read<{ files: object[] }>(["export", "files", exportId]);
    const saved = await read<{ files: { file: string; kept: boolean }[] }>([
      "export",
      "get",
      exportId,
      "--out",
      folder,
    ]);
    expect(saved.files).toHaveLength(files.length);
    const [line = ""] = (await readFile(saved.files[0]?.file ?? "", "utf8")).split("\n", 1);
    expect(JSON.parse(line)).toMatchObject({ resourceType: "Patient" });
    const again = await read<{ files: { kept: boolean }[] }>(["export", "get", exportId, "--out", folder]);
    expect(again.files.every(({ kept }) => kept)).toBe(true);

    const refused = await run(["export", "resume", exportId]);
    expect([refused.code, refused.output]).toEqual([4, ""]);
    test.simulator.settings.exportDurationMs = 600_000;
    const running = await read<{ exportId: string }>(["export", "start", "--level", "patient"]);
    const watched = start(["export", "watch", running.exportId]);
    const ended = new Promise<number | null>((resolve) => watched.once("close", (code) => resolve(code)));
    expect(await read(["export", "cancel", running.exportId])).toMatchObject({ exportId: running.exportId });
    expect(await ended).toBe(2);
    test.simulator.settings.exportDurationMs = 300;
  });

  it("a link is created, its user signs in, and it is removed", async () => {
    const created = await read<{ id: string; url: string }>(["links", "create", "--reference", "user-17"]);
    const browser = new SmallBrowser();
    await finishSignIn(browser, await signIn(browser, await beginSignIn(browser, created.url), { user: "gus" }));
    expect(await read(["links", "show", created.id])).toMatchObject({ state: "linked", reference: "user-17" });
    expect((await read<{ links: object[] }>(["links", "list"])).links).toHaveLength(1);
    expect(await read(["links", "remove", created.id])).toMatchObject({ id: created.id });
  });

  it("keys are made, listed, registered and retired, and a session and a SMART client are stored", async () => {
    const key = await read<{ kid: string }>(["keys", "create"]);
    const { keys } = await read<{ keys: { kid: string; state: string }[] }>(["keys", "list"]);
    expect(keys).toContainEqual(expect.objectContaining({ kid: key.kid, state: "next" }));
    const clientId = String(test.secret["clientId"]);
    expect(await read(["keys", "register", "--client-id", clientId, "--scope", "system/*.read"])).toMatchObject({
      clientId,
    });
    expect(await read(["keys", "retire", "--kid", key.kid])).toEqual({ kid: key.kid });
    const client = ["--client-id", "bridge", "--auth-method", "client_secret_basic"];
    expect(await read(["session", "add", ...client], "refresh-token\nsecret\n")).toMatchObject({ clientId: "bridge" });
    expect(await read(["session", "add-client", ...client], "secret\n")).toMatchObject({ clientId: "bridge" });
  });

  it("events are shown as they come, and Ctrl-C leaves no rule and no queue behind", async () => {
    const child = start(["events", "tail", "--type", "Export Started", "--json"]);
    const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
    await said(child.stderr, "listening");
    const shown = said(child.stdout, '"Export Started"');
    await test.caller.requestExport({ level: "patient", types: ["Patient"], requestId: "tail-1" });
    expect(JSON.parse(await shown)).toMatchObject({ type: "Export Started", detail: { requestId: "tail-1" } });
    expect(await temporary()).toHaveLength(2);
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(await temporary()).toEqual([]);
  });

  it("events leave no rule and no queue behind if the terminal is closed", async () => {
    const child = start(["events", "tail"]);
    const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
    await said(child.stderr, "listening");
    expect(await temporary()).toHaveLength(2);
    child.kill("SIGHUP");
    expect(await ended).toBe(129);
    expect(await temporary()).toEqual([]);
  });

  it("the doctor and the smoke test print their findings, and end with their verdict", async () => {
    const doctor = await run(["doctor", "--json"]);
    const report = JSON.parse(doctor.output) as { exitCode: number; findings: { check: string }[] };
    expect(doctor.code).toBe(report.exitCode);
    expect(report.findings.map(({ check }) => check)).toContain("public keys");
    const smoke = await run(["smoke"]);
    expect(smoke.output).toMatch(/^ok +stacks: /m);
    expect([0, 1, 2, 3]).toContain(smoke.code);
  });

  /** The names of temporary rules and queues that exist. */
  async function temporary(): Promise<string[]> {
    const access = clientSettings(test.bridge.aws);
    const NamePrefix = "integra-bridge-local-tail-";
    const bus = new EventBridgeClient(access);
    const { Rules = [] } = await bus.send(
      new ListRulesCommand({ NamePrefix, EventBusName: test.bridge.outputs.busName }),
    );
    const { QueueUrls = [] } = await new SQSClient(access).send(new ListQueuesCommand({ QueueNamePrefix: NamePrefix }));
    return [...Rules.map(({ Name = "" }) => Name), ...QueueUrls];
  }
});

/** Waits until a stream has said something. Returns the line with it. */
async function said(stream: Readable, words: string): Promise<string> {
  let read = "";
  return await new Promise((resolve, reject) => {
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      read += chunk;
      const line = read.split("\n").find((candidate) => candidate.includes(words));
      if (line !== undefined && read.endsWith("\n")) resolve(line);
    });
    stream.once("end", () => reject(new Error(`the stream ended without "${words}": ${read}`)));
  });
}
