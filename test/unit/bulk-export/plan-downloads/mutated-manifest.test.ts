import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PlannedFile } from "#bulk-export/language/export-plan.ts";
import { planDownloads } from "#bulk-export/plan-downloads/plan-downloads.ts";
import { pollExport } from "#bulk-export/poll-export/poll-export.ts";
import { fileKeys } from "#bulk-export/records/landing-keys.ts";
import { pollStatus, readManifestPage } from "#bulk-export/server/job-status.ts";
import { parseManifest } from "#bulk-export/server/manifest.ts";
import { answersAnotherRequest } from "#bulk-export/server/manifest-request.ts";
import { answeringHttp } from "#test/fixtures/answering-http.ts";
import { bridgeInMemory, patientExport, patientJob } from "#test/fixtures/bridge-in-memory.ts";
import { testClient } from "#test/fixtures/integra-client.ts";
import { type JsonPath, mutated } from "#test/fixtures/json-mutations.ts";

const origin = "https://portal.example";
const file = (type: string, name: string) => ({ type, url: `/download?fileName=${name}.ndjson`, count: 7 });
const right = {
  transactionTime: "2026-03-01T11:58:00Z",
  request: "[base]/Patient/$export?_type=Patient",
  requiresAccessToken: true,
  output: [file("Patient", "a"), file("Patient", "b")],
  error: [file("OperationOutcome", "e")],
  outcome: [file("OperationOutcome", "o")],
  deleted: [file("Bundle", "d")],
  link: [{ relation: "next", url: "/page/2" }],
  extension: { note: "x" },
};
/** The second page leaves the time to the first: another time would be a reason to refuse it. */
const second = {
  ...right,
  transactionTime: null,
  output: [file("Patient", "c")],
  error: [],
  outcome: [],
  deleted: [],
  link: [],
};
const allNames = ["a", "b", "e", "o", "d", "c"];

/** Polls a job whose manifest is this, and plans its downloads. */
async function planOf(first: unknown) {
  const bridge = bridgeInMemory();
  await bridge.records.saveJob(patientJob);
  const http = answeringHttp(({ url }) => {
    if (url.pathname === "/page/2") return { status: 200, body: second };
    return url.href === patientJob.statusUrl ? { status: 200, body: first } : { status: 404 };
  });
  const client = testClient(http, origin);
  const { records, receipts, reports, log, now, stepContext } = bridge;
  const poll = await pollExport({ pollStatus: (url) => pollStatus(client, url), records, reports, log, now })(
    { export: patientExport },
    stepContext,
  );
  const methods = () => [...new Set(http.requests.map(({ method }) => method))];
  if (poll.outcome !== "ready") return { ended: "polled again", files: [], methods: methods() };
  const step = planDownloads({
    parseManifest,
    itemLimits: { filesPerItem: 25, itemsAtOnce: 4 },
    answersAnotherRequest,
    readManifestPage: (url) => readManifestPage(client, url),
    fileKeys,
    records,
    receipts,
    reports,
    log,
    now,
  });
  try {
    const { outcome } = await step({ export: patientExport, poll }, stepContext);
    const files = (await records.findPlan("e1"))?.files ?? [];
    return { ended: outcome, files, methods: methods() };
  } catch (fault) {
    return { ended: fault instanceof Error ? fault.name : String(fault), files: [], methods: methods() };
  }
}

/** The names of the files that can be fetched. */
const fetchable = (files: readonly PlannedFile[]): string[] =>
  files.flatMap(({ url }) => new URL(url ?? "about:blank").searchParams.get("fileName")?.replace(".ndjson", "") ?? []);

/** The number of entries in the lists of a page. NaN if one of them is no list, which no plan may hide. */
const entriesIn = (manifest: unknown): number =>
  ["output", "error", "outcome", "deleted"]
    .map((kind) => (manifest as Record<string, unknown>)[kind] ?? [])
    .reduce((sum: number, list) => sum + (Array.isArray(list) ? list.length : Number.NaN), 0);

/*
 * A right manifest of two pages in which one member is changed in any way.
 */
describe("a manifest in which one member is wrong", () => {
  it("a right manifest is planned whole", async () => {
    const { ended, files } = await planOf(right);
    expect([ended, fetchable(files)]).toEqual(["planned", allNames]);
  });

  const beside: JsonPath[] = [
    ["transactionTime"],
    ["requiresAccessToken"],
    ["output", 0, "count"],
    ["output", 0, "extension"],
    ["error", 0, "type"],
    ["deleted", 0, "type"],
    ["extension"],
    ["link", 0, "title"],
  ];
  it.each(beside.map((path) => [path.join("."), path] as const))(
    "a manifest with any other %s, which is beside the data, is planned whole",
    async (_, path) => {
      await fc.assert(
        fc.asyncProperty(mutated(right, path), async (manifest) => {
          const { ended, files, methods } = await planOf(manifest);
          expect([ended, fetchable(files)]).toEqual(["planned", allNames]);
          expect(methods).toEqual(["GET"]);
        }),
        { numRuns: 60 },
      );
    },
  );

  it("a manifest with any other request is planned whole, or counts as the answer to another request", async () => {
    await fc.assert(
      fc.asyncProperty(mutated(right, ["request"]), async (manifest) => {
        const { ended, files, methods } = await planOf(manifest);
        expect([ended, fetchable(files)]).toEqual(ended === "foreign" ? ["foreign", []] : ["planned", allNames]);
        expect(methods).toEqual(["GET"]);
      }),
      { numRuns: 60 },
    );
  });

  const deciding: [path: JsonPath, others: string[], faults: string[]][] = [
    [["output"], ["e", "o", "d", "c"], ["ManifestRejected"]],
    [["error"], ["a", "b", "o", "d", "c"], ["ManifestRejected"]],
    [["outcome"], ["a", "b", "e", "d", "c"], ["ManifestRejected"]],
    [["deleted"], ["a", "b", "e", "o", "c"], ["ManifestRejected"]],
    [["output", 0], ["b", "e", "o", "d", "c"], []],
    [["output", 0, "url"], ["b", "e", "o", "d", "c"], []],
    [["output", 0, "type"], ["b", "e", "o", "d", "c"], []],
    [["link"], ["a", "b", "e", "o", "d"], ["ManifestRejected", "ServerUnavailable", "OriginRefused"]],
    [
      ["link", 0],
      ["a", "b", "e", "o", "d"],
      ["ManifestRejected", "ServerUnavailable", "OriginRefused"],
    ],
    [["link", 0, "relation"], ["a", "b", "e", "o", "d"], ["ManifestRejected"]],
    [
      ["link", 0, "url"],
      ["a", "b", "e", "o", "d"],
      ["ManifestRejected", "ServerUnavailable", "OriginRefused"],
    ],
  ];
  it.each(deciding.map(([path, others, faults]) => [path.join("."), path, others, faults] as const))(
    "a manifest with any other %s, which decides the files, loses no other file, or fails with a named fault",
    async (_, path, others, faults) => {
      await fc.assert(
        fc.asyncProperty(mutated(right, path), async (manifest) => {
          const { ended, files, methods } = await planOf(manifest);
          expect(["planned", ...faults]).toContain(ended);
          const planned = ended === "planned";
          expect(fetchable(files)).toEqual(expect.arrayContaining(planned ? others : []));
          const pages = path[0] === "link" ? [files.length] : [entriesIn(manifest) + second.output.length];
          expect(planned ? pages : [0]).toContain(files.length);
          expect(methods).toEqual(["GET"]);
        }),
        { numRuns: 60 },
      );
    },
  );

  it("any JSON as a manifest is planned, rejected, or counts as no manifest", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (body) => {
        const { ended, methods } = await planOf(body);
        expect(["polled again", "planned", "ManifestRejected"]).toContain(ended);
        expect(methods).toEqual(["GET"]);
      }),
    );
  });
});
