import { PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { clientSettings, type LocalBridge } from "#local/local-bridge.ts";
import type { FaultRate } from "#local/simulator/faults/fault-plan.ts";
import { type BridgeUnderTest, bridgeUnderTest, completed, failed } from "../fixtures/bridge-under-test.ts";
import { landedFiles, sameBytes, servedFiles } from "../fixtures/landed-files.ts";

/** Faults of every endpoint: refusals, overload, outages, cut connections and the pages of proxies. */
const endpointFaults: FaultRate[] = [
  { rate: 0.08, fault: { kind: "unauthorized" } },
  { rate: 0.08, fault: { kind: "status", status: 429, retryAfter: 1 } },
  { rate: 0.06, fault: { kind: "status", status: 503, retryAfter: { httpDateInSeconds: 1 } } },
  { rate: 0.06, fault: { kind: "status", status: 502, body: "html" } },
  { rate: 0.08, fault: { kind: "cut" } },
  { rate: 0.06, fault: { kind: "garbage" } },
];
const damage: FaultRate[] = [
  { rate: 0.1, fault: { kind: "cut", afterBytes: 5_000 } },
  { rate: 0.1, fault: { kind: "truncate" } },
];

describe("a bulk export with an RS384 key, tokens of 5 s and a faulty server", () => {
  let test: BridgeUnderTest;

  beforeAll(async () => {
    test = await bridgeUnderTest({ algorithm: "RS384", simulator: { tokenLifetimeSeconds: 5 } });
  });

  afterEach(() => {
    test.simulator.faults.clear();
    // By the guide's matching rule, the next test's export would get a job that still runs.
    test.simulator.completeJobs();
  });

  afterAll(async () => {
    await test.stop();
  });

  const requestsOf = (endpoint: string) => test.simulator.log.filter((entry) => entry.endpoint === endpoint);
  const lastJob = () => test.simulator.jobs().at(-1);

  it("every file lands byte for byte despite faults at every endpoint", async () => {
    const { faults } = test.simulator;
    faults.maxConsecutive = 2;
    for (const endpoint of ["token", "kick-off", "status", "delete"] as const) faults.rates(endpoint, endpointFaults);
    faults.rates("download", [...endpointFaults, ...damage]);
    const detail = completed(await test.exportBy({ level: "patient" }));

    expect(detail).toMatchObject({ status: "complete", totals: { files: 20, failedFiles: 0 } });
    sameBytes(await landedFiles(test, detail.exportId), servedFiles(test.simulator, "Patient"));
    expect(test.simulator.log.filter(({ fault }) => fault !== null).length).toBeGreaterThan(10);
    expect(await test.openUploads()).toEqual([]);
  });

  it("an export gets a new token if the server revokes its tokens in the middle of a run", async () => {
    test.simulator.faults.script("status", [{ kind: "none" }]);
    const before = new Set(test.receivedEvents());
    const ending = test.exportBy({ level: "patient", types: ["Patient", "Condition"] });
    await test.awaitEvent(
      (event): event is typeof event => !before.has(event) && event["detail-type"] === "Export Started",
    );
    test.simulator.revokeTokens();

    expect(completed(await ending).status).toBe("complete");
  });

  it("an export fails with the server's words if the server rejects the kick-off", async () => {
    test.simulator.faults.script("kick-off", [{ kind: "status", status: 400, body: "terminal" }]);
    const detail = failed(await test.exportBy({ level: "system" }));

    expect(detail.error.name).toBe("KickOffRejected");
    expect(detail.error.message).toMatch(/HTTP 400: \w+/);
    expect(detail.request).toMatchObject({ level: "system" });
    expect((await test.objects(detail.destination.key)).size).toBe(0);
  });

  it("a poll is repeated after a transient 500, and never sooner than Retry-After", async () => {
    test.simulator.faults.script("status", [
      { kind: "status", status: 500, body: "transient" },
      { kind: "status", status: 429, retryAfter: 30 },
      { kind: "status", status: 503, retryAfter: { httpDateInSeconds: 40 } },
    ]);
    const detail = completed(await test.exportBy({ level: "patient", types: ["Patient"] }));
    const polls = requestsOf("status").filter(({ path }) => path.endsWith(lastJob()?.id ?? "?"));
    const gaps = polls
      .slice(1)
      .map((poll, index) => Number(new Date(poll.time)) - Number(new Date(polls[index]?.time ?? 0)));

    expect(detail.status).toBe("complete");
    // Waits are a hundredth of what is deployed: 30 s and 40 s become 0.3 s and 0.4 s.
    expect(gaps[1]).toBeGreaterThanOrEqual(300);
    expect(gaps[2]).toBeGreaterThanOrEqual(390);
  });

  it("every file lands after a burst of 429 at each endpoint", async () => {
    const burst = Array.from({ length: 4 }, () => ({ kind: "status", status: 429, retryAfter: 1 }) as const);
    for (const endpoint of ["token", "kick-off", "status", "download", "delete"] as const) {
      test.simulator.faults.script(endpoint, burst);
    }
    test.simulator.revokeTokens();
    const detail = completed(await test.exportBy({ level: "patient", types: ["Patient", "Goal"] }));

    expect(detail.status).toBe("complete");
    sameBytes(await landedFiles(test, detail.exportId), servedFiles(test.simulator, "Patient"));
    for (const endpoint of ["token", "kick-off", "status", "download"] as const) {
      expect(test.simulator.faults.pending(endpoint)).toBe(0);
    }
  });

  it("an export fails and deletes its job if the server reports that the job failed", async () => {
    test.simulator.faults.script("status", [{ kind: "status", status: 500, body: "terminal" }]);
    const detail = failed(await test.exportBy({ level: "patient", types: ["Patient"] }));

    expect(detail.error.name).toBe("ExportJobFailed");
    expect(lastJob()?.deleted).toBe(true);
  });

  it("an export fails at once if the server's Retry-After exceeds the export's deadline", async () => {
    const tenDays = 10 * 24 * 3600;
    test.simulator.faults.script("status", [{ kind: "status", status: 503, retryAfter: tenDays }]);
    const detail = failed(await test.exportBy({ level: "patient", types: ["Patient"] }));

    expect(detail.error.name).toBe("DeadlineExceeded");
    expect(lastJob()?.deleted).toBe(true);
  });

  // E13
  it("an export completes despite a single 404 right after the kick-off", async () => {
    test.simulator.faults.script("status", [{ kind: "status", status: 404, body: "terminal" }]);

    expect(completed(await test.exportBy({ level: "patient", types: ["Patient"] })).status).toBe("complete");
  });

  it("an export fails if the server no longer has the job, and still sends DELETE", async () => {
    const jobGone = { kind: "status", status: 404, body: "terminal" } as const;
    test.simulator.faults.script(
      "status",
      Array.from({ length: 8 }, () => jobGone),
    );

    expect(failed(await test.exportBy({ level: "patient", types: ["Patient"] })).error.name).toBe("ExportJobGone");
    expect(lastJob()?.deleted).toBe(true);
  });

  it("an export is partial if a file is gone, names the file, and keeps the job", async () => {
    test.simulator.faults.script("download", [
      { kind: "status", status: 403, body: "attachment-not-found", match: "condition_file_1" },
    ]);
    const detail = completed(await test.exportBy({ level: "patient", types: ["Patient", "Condition"] }));
    const summary = await test.caller.readSummary(detail.exportId);

    expect(detail).toMatchObject({
      status: "partial",
      totals: { files: 1, failedFiles: 1 },
      failedFiles: [{ type: "Condition", key: `exports/${detail.exportId}/Condition/condition_file_1.ndjson` }],
    });
    expect(summary.failedFiles[0]?.reason).toContain("ATTACHMENT_FILE_NOT_FOUND");
    expect(lastJob()?.deleted).toBe(false);
  });

  it("a file that is cut in every attempt fails after some attempts, and does not land", async () => {
    test.simulator.faults.script(
      "download",
      Array.from({ length: 12 }, () => ({ kind: "truncate", match: "patient_file_1" }) as const),
    );
    const detail = completed(await test.exportBy({ level: "patient", types: ["Patient", "Device"] }));
    const keys = [...(await test.objects(`exports/${detail.exportId}/`)).keys()];

    expect(detail).toMatchObject({ status: "partial", failedFiles: [{ type: "Patient" }] });
    expect(keys.some((key) => key.includes("/Patient/"))).toBe(false);
    expect(await test.openUploads()).toEqual([]);
  });

  it("an export fails if no file lands", async () => {
    test.simulator.faults.script("download", [{ kind: "status", status: 403, body: "attachment-not-found" }]);
    const detail = failed(await test.exportBy({ level: "system", types: ["Patient"] }));

    expect(detail.error.name).toBe("NoFileLanded");
    expect(detail.error.message).toContain("ATTACHMENT_FILE_NOT_FOUND");
  });

  it("a download does not follow a redirect to another origin", async () => {
    test.simulator.faults.script("download", [
      { kind: "redirect", location: "http://127.0.0.1:9/elsewhere", match: "device" },
    ]);
    const detail = completed(await test.exportBy({ level: "patient", types: ["Patient", "Device"] }));

    expect(detail.failedFiles[0]?.reason).toContain("http://127.0.0.1:9, which is not among the allowed origins");
  });

  it("an export fails after a few refused token requests", async () => {
    const before = requestsOf("token").length;
    test.simulator.faults.script(
      "token",
      Array.from({ length: 100 }, () => ({ kind: "unauthorized" }) as const),
    );
    test.simulator.revokeTokens();
    const detail = failed(await test.exportBy({ level: "patient", types: ["Patient"] }));

    expect(detail.error.name).toBe("AccessRefused");
    expect(requestsOf("token").length - before).toBeLessThanOrEqual(8);
  });

  it("a run stops the downloads of all files together after a few refusals", async () => {
    test.simulator.faults.script(
      "download",
      Array.from({ length: 200 }, () => ({ kind: "unauthorized" }) as const),
    );
    const before = requestsOf("download").length;
    const detail = failed(await test.exportBy({ level: "patient" }));

    expect(detail.error.name).toBe("AccessRefused");
    // Four downloads run at once, and each may be refused a few times before the run stops. The other 16 never send a request.
    expect(requestsOf("download").length - before).toBeLessThanOrEqual(4 * 6);
  });

  describe("with an unusable secret", () => {
    afterAll(async () => {
      await putSecret(test.bridge, JSON.stringify(test.secret));
    });

    it("the fault of an unusable secret names the missing field, and never a value", async () => {
      await putSecret(
        test.bridge,
        JSON.stringify({
          clientId: "integra-bridge-local",
          current: { kty: "RSA", kid: "planted-kid", d: "planted-key" },
        }),
      );
      // A container caches the key for some minutes. A refusal makes it read the secret again.
      test.simulator.faults.script("kick-off", [{ kind: "unauthorized" }]);
      test.simulator.faults.script("token", [{ kind: "unauthorized" }]);
      test.simulator.revokeTokens();
      const detail = failed(await test.exportBy({ level: "patient" }));

      expect(detail.error.name).toBe("ClientKeyUnusable");
      expect(detail.error.message).toContain("scope");
      expect(detail.error.message).not.toContain("planted");
    });
  });
});

async function putSecret({ aws, outputs }: LocalBridge, secret: string): Promise<void> {
  await new SecretsManagerClient(clientSettings(aws)).send(
    new PutSecretValueCommand({ SecretId: outputs.clientSecretName, SecretString: secret }),
  );
}
