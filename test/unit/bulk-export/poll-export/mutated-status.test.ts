import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PollResult } from "#bulk-export/language/export-state.ts";
import { pollExport } from "#bulk-export/poll-export/poll-export.ts";
import { pollStatus } from "#bulk-export/server/job-status.ts";
import { isManifest } from "#bulk-export/server/manifest.ts";
import { answeringHttp, type PlannedAnswer } from "#test/fixtures/answering-http.ts";
import { bridgeInMemory, patientExport, patientJob } from "#test/fixtures/bridge-in-memory.ts";
import { testClient } from "#test/fixtures/integra-client.ts";
import { type JsonPath, mutated } from "#test/fixtures/json-mutations.ts";

const origin = "https://portal.example";
const failed = {
  resourceType: "OperationOutcome",
  issue: [{ severity: "error", code: "processing", diagnostics: "disk full", details: { text: "no room" } }],
};

/** How polling ends if the server always answers like this: `ready`, a fault, or `running` if it never does. */
async function endOf(answer: PlannedAnswer): Promise<{ end: string; polls: number; methods: string[] }> {
  const { records, reports, log, clock, now, stepContext } = bridgeInMemory();
  await records.saveJob(patientJob);
  const http = answeringHttp(() => answer);
  const client = { ...testClient(http, origin), now };
  const step = pollExport({ pollStatus: (url) => pollStatus(client, url), records, reports, log, now });
  const methods = () => [...new Set(http.requests.map(({ method }) => method))];
  let poll: PollResult | undefined;
  for (let polls = 1; polls <= 25; polls += 1) {
    try {
      poll = await step({ export: patientExport, ...(poll && { poll }) }, stepContext);
    } catch (fault) {
      return { end: fault instanceof Error ? fault.name : String(fault), polls, methods: methods() };
    }
    if (poll.outcome === "ready") return { end: "ready", polls, methods: methods() };
    clock.now += poll.waitSeconds * 1000;
  }
  return { end: "running", polls: 25, methods: methods() };
}

/*
 * Answers to status requests in which one thing is changed in any way.
 */
describe("a status answer in which something is wrong", () => {
  it("a right OperationOutcome with an error fails the job", async () => {
    expect(await endOf({ status: 200, body: failed })).toMatchObject({ end: "ExportJobFailed", polls: 1 });
  });

  const paths: JsonPath[] = [["issue", 0, "diagnostics"], ["issue", 0, "details"], ["issue", 0, "location"], ["text"]];
  it.each(paths.map((path) => [path.join("."), path] as const))(
    "an OperationOutcome with any other %s, which is beside the failure, fails the job at once",
    async (_, path) => {
      await fc.assert(
        fc.asyncProperty(mutated(failed, path), fc.constantFrom(200, 400, 500), async (body, status) => {
          expect(await endOf({ status, body })).toMatchObject({ end: "ExportJobFailed", polls: 1, methods: ["GET"] });
        }),
        { numRuns: 40 },
      );
    },
  );

  const deciding: JsonPath[] = [
    ["resourceType"],
    ["issue"],
    ["issue", 0],
    ["issue", 0, "severity"],
    ["issue", 0, "code"],
  ];
  it.each(deciding.map((path) => [path.join("."), path] as const))(
    "an OperationOutcome with any other %s, which decides the failure, fails the job or is polled again within bounds",
    async (_, path) => {
      await fc.assert(
        fc.asyncProperty(mutated(failed, path), fc.constantFrom(200, 400, 403, 500), async (body, status) => {
          const { end, polls } = await endOf({ status, body });
          // Only a 200 without any failure in it is taken for a job that runs, until the deadline.
          const ends = ["ExportJobFailed", "ServerUnavailable", ...(status === 200 ? ["running"] : [])];
          expect(ends).toContain(end);
          expect(polls).toBeLessThanOrEqual(end === "running" ? 25 : 20);
        }),
        { numRuns: 40 },
      );
    },
  );

  const header = fc.oneof(fc.string(), fc.constantFrom("-1", "1e9", "9".repeat(400), "Sun, 99 Foo", "120, 120", "0"));
  it("a running job continues with any headers", async () => {
    await fc.assert(
      fc.asyncProperty(header, header, async (retryAfter, progress) => {
        const headers = { "retry-after": retryAfter, "x-progress": progress };
        expect(await endOf({ status: 202, headers })).toMatchObject({ end: "running", methods: ["GET"] });
      }),
      { numRuns: 30 },
    );
  });

  const text = fc.oneof(fc.string(), fc.constantFrom("<html><h1>Log in</h1></html>", "{", "null", "[]", "\ufeff{}"));
  it("a single body that is not the server's never ends a job", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(200, 201, 204, 302, 400, 403, 404, 405, 409, 410, 418, 429, 500, 502, 503),
        fc.oneof(
          text,
          fc.jsonValue().map((json) => JSON.stringify(json)),
        ),
        async (status, body) => {
          fc.pre(!isManifest(Buffer.from(body)));
          const { end, polls } = await endOf({ status, body });
          expect(end).toBe(status === 404 || status === 410 ? "ExportJobGone" : "ServerUnavailable");
          expect(polls).toBeGreaterThanOrEqual(5);
        },
      ),
      { numRuns: 60 },
    );
  });
});
