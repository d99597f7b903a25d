import { beforeEach, describe, expect, it } from "vitest";
import { originOf } from "#bulk-export/language/export-origin.ts";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import type { ApiRouteKey } from "#on-demand-api/language/api-routes.ts";
import {
  type ExportView,
  exportFilePage,
  exportPage,
  exportView,
  filePreview,
} from "#on-demand-api/language/export-messages.ts";
import { landedFile, noon, plannedFile, planOf } from "../../../fixtures/bridge-in-memory.ts";
import { type ExportsCall, exportsApi } from "../../../fixtures/exports-api.ts";
import { emptySummary } from "../../../fixtures/summaries.ts";

const at = new Date(noon).toISOString();
const first = { exportId: "e1", run: "first" };
const patient = { level: "patient", types: ["Patient"] };

describe("exports over HTTP", () => {
  let api: ReturnType<typeof exportsApi>;
  beforeEach(() => {
    api = exportsApi();
  });

  const viewOf = async (...call: Parameters<typeof api.call>): Promise<ExportView> =>
    exportView.parse(JSON.parse((await api.call(...call)).body.toString("utf8")));
  const show = (id = "e1") => viewOf("GET /exports/{id}", { id });
  const problemOf = async (route: ApiRouteKey, call: ExportsCall): Promise<ApiProblem> => {
    const fault: unknown = await api.call(route, call).catch((error: unknown) => error);
    if (fault instanceof ApiProblem) return fault;
    throw new Error("a problem was expected", { cause: fault });
  };
  const list = async (query = "") =>
    exportPage.parse(JSON.parse((await api.call("GET /exports", { query })).body.toString("utf8")));
  const idsOf = async (query: string) => (await list(query)).exports.map(({ exportId }) => exportId.slice(0, 3));
  const filesOf = async (query = "") => {
    const answer = await api.call("GET /exports/{id}/files", { id: "e1", query });
    return exportFilePage.parse(JSON.parse(answer.body.toString("utf8")));
  };
  const begin = (exportId = "e1", requestedAt = at, groupId: string | null = null) =>
    api.bridge.progress.create({
      exportId,
      trigger: { kind: "schedule", by: "nightly" },
      request: { level: groupId === null ? "patient" : "group", groupId, types: null, since: null },
      call: null,
      requestedAt,
    });

  describe("a request", () => {
    it("starts an execution with the body as its detail, and answers with the export", async () => {
      const answer = await api.call("POST /exports", { body: patient });
      const { exportId, ...view } = exportView.parse(JSON.parse(answer.body.toString("utf8")));
      expect(answer).toMatchObject({
        status: 202,
        headers: { location: `https://api.example/exports/${exportId}` },
        exportId,
      });
      expect(view).toMatchObject({
        state: "requested",
        request: { level: "patient", groupId: null, types: ["Patient"], since: null },
        trigger: { kind: "api", by: "anna" },
        progress: { filesPlanned: null, filesLanded: 0, bytesPerSecond: null },
        actions: ["cancel"],
      });
      expect(api.bridge.executions.known.get(exportId)?.input).toEqual({
        detail: patient,
        trigger: { kind: "api", id: "call-1", caller: "anna" },
      });
      expect(api.bridge.ledger.items.has(`open-run#${exportId}#first`)).toBe(true);
    });

    it("that is repeated with its Idempotency-Key is the same export, also after it has ended", async () => {
      const { exportId } = await viewOf("POST /exports", { body: patient, key: "k1" });
      expect(
        (await viewOf("POST /exports", { body: { types: ["Patient"], level: "patient" }, key: "k1" })).exportId,
      ).toBe(exportId);
      const error = { name: "AccessRefused" as const, message: "401" };
      await api.bridge.progress.end({ exportId, run: "first" }, { state: "failed", error, endedAt: at });
      expect((await viewOf("POST /exports", { body: patient, key: "k1" })).state).toBe("failed");
      expect(api.bridge.executions.known.size).toBe(1);
      expect((await viewOf("POST /exports", { body: patient, key: "k2" })).exportId).not.toBe(exportId);
    });

    it("with the key of another body is refused", async () => {
      await api.call("POST /exports", { body: patient, key: "k1" });
      expect((await problemOf("POST /exports", { body: { level: "system" }, key: "k1" })).status).toBe(422);
    });

    it("whose start failed is started by its repetition", async () => {
      let fails = true;
      api = exportsApi({
        start: () => (fails ? Promise.reject(new Error("throttled")) : Promise.resolve()),
      });
      const problem = await problemOf("POST /exports", { body: patient, key: "k1" });
      expect([problem.status, problem.retryAfterMs]).toEqual([503, 2_000]);
      fails = false;
      expect((await viewOf("POST /exports", { body: patient, key: "k1" })).state).toBe("requested");
    });

    it.each<[string, unknown, string]>([
      ["no JSON", "{", "Send a JSON object"],
      ["no object", [], "must be a JSON object"],
      ["an unknown level", { level: "all" }, "level: must be one of"],
      ["a type that the stage does not accept", { level: "system", types: ["Claim"] }, '"Claim" is not among'],
      ["a group that the stage does not accept", { level: "group", groupId: "12" }, '"12" is not among'],
      ["an unknown field", { level: "system", colour: "red" }, "colour: is not a known field"],
      ["a requestId", { level: "system", requestId: "r1" }, "Idempotency-Key"],
    ])("with %s is refused in words, and starts nothing", async (_, body, words) => {
      const problem = await problemOf("POST /exports", { body });
      expect([problem.status, problem.detail]).toEqual([400, expect.stringContaining(words)]);
      expect(api.bridge.ledger.items.size).toBe(0);
    });
  });

  describe("rights", () => {
    it.each<[ApiRouteKey, string[]]>([
      ["POST /exports", ["anna"]],
      ["GET /exports", ["anna", "olaf", "rita"]],
      ["GET /exports/{id}", ["anna", "olaf", "rita"]],
      ["GET /exports/{id}/files", ["anna", "rita"]],
      ["GET /exports/{id}/files/{number}", ["anna", "rita"]],
      ["GET /exports/{id}/files/{number}/preview", ["anna", "rita"]],
      ["POST /exports/{id}/cancel", ["anna", "olaf"]],
      ["POST /exports/{id}/resume", ["anna"]],
    ])("%s is for those that the settings name", async (route, allowed) => {
      for (const caller of ["anna", "olaf", "rita", "nobody"]) {
        const fault: unknown = await api
          .call(route, { caller, id: "e1", number: "1", body: patient })
          .catch((error: unknown) => error);
        const forbidden = fault instanceof ApiProblem && fault.status === 403;
        expect([caller, forbidden]).toEqual([caller, !allowed.includes(caller)]);
      }
    });
  });

  describe("the progress", () => {
    it("says what the export waits for, and what the server says", async () => {
      await begin();
      const waitsFor = { what: "lease" as const, message: "The lease of level patient, held by export e0.", until: at };
      await api.bridge.progress.report(first, { phase: "waiting", waitsFor });
      expect(await show()).toMatchObject({ waitsFor, message: expect.stringContaining("held by export e0") });
      const server = { what: "server" as const, message: "It prepares the files.", until: at };
      const report = { waitsFor: server, nextPollAt: at, serverProgress: "40 % done" };
      await api.bridge.progress.report(first, { phase: "atServer", ...report });
      expect(await show()).toMatchObject({
        state: "running",
        phase: "atServer",
        nextPollAt: at,
        serverProgress: "40 % done",
        message: "It prepares the files. The server says: 40 % done",
      });
    });

    it("counts what landed until the summary says it", async () => {
      await begin();
      const downloading = { phase: "downloading" as const, waitsFor: null, filesPlanned: 3, downloadingSince: at };
      await api.bridge.progress.report(first, downloading);
      await api.bridge.files.store("e1", { landed: [landedFile(0), landedFile(2)], missing: [1] });
      api.bridge.clock.now += 4_000;
      const counts = { filesPlanned: 3, filesLanded: 2, filesMissing: 1, lines: 4, bytes: 20, bytesPerSecond: 5 };
      expect(await show()).toMatchObject({ progress: counts, linesByType: null, actions: ["cancel", "read-files"] });
      const totals = { ...emptySummary("e1", "partial").totals, files: 1, failedFiles: 2, lines: 2, bytes: 10 };
      const phases = { waiting: 1, atServer: 2, downloading: 2 };
      const summary = {
        ...emptySummary("e1", "partial"),
        totals,
        phases,
      };
      await api.bridge.reports.storeResult(summary, { Patient: 2 });
      await api.bridge.progress.end(first, { state: "partial", error: null, endedAt: at });
      expect(await show()).toMatchObject({
        state: "partial",
        message: expect.stringContaining("2 of 3 files are missing"),
        progress: { filesPlanned: 3, filesLanded: 1, filesMissing: 2, lines: 2, bytes: 10, bytesPerSecond: 5 },
        linesByType: { Patient: 2 },
        phases,
        actions: ["resume", "read-files"],
      });
    });

    it("says why the export failed and what to do", async () => {
      await begin();
      const error = { name: "AccessRefused" as const, message: "HTTP 401" };
      await api.bridge.progress.end(first, { state: "failed", error, endedAt: at });
      expect(await show()).toMatchObject({
        message: "It failed: HTTP 401",
        error: { ...error, action: expect.stringContaining("client id") },
        actions: ["resume"],
      });
    });

    it("of an unknown export is a 404", async () => {
      expect((await problemOf("GET /exports/{id}", { id: "e9" })).status).toBe(404);
    });
  });

  describe("the list", () => {
    it("has the newest first, and finds by state, level, group and time", async () => {
      await begin("e1", "2026-03-01T10:00:00.000Z");
      await begin("e2", "2026-03-01T11:00:00.000Z");
      await api.bridge.progress.end({ exportId: "e2", run: "first" }, { state: "completed", error: null, endedAt: at });
      await api.call("POST /exports", { body: { level: "group", groupId: "11" } });
      expect(await idsOf("")).toEqual(["api", "e2", "e1"]);
      expect(await idsOf("state=completed")).toEqual(["e2"]);
      expect(await idsOf("level=patient")).toEqual(["e2", "e1"]);
      expect(await idsOf("groupId=11")).toEqual(["api"]);
      expect(await idsOf("groupId=12")).toEqual([]);
      expect(await idsOf("from=2026-03-01T12:00:00%2B01:00")).toEqual(["api", "e2"]);
      expect(await idsOf("to=2026-03-01T11:30:00Z&state=requested")).toEqual(["e1"]);
    });

    it("is paged, and each page keeps the filters", async () => {
      for (let number = 0; number < 55; number += 1)
        await begin(`e${number}`, new Date(noon + number * 60_000).toISOString());
      const page = await list("level=patient");
      expect(page.exports).toHaveLength(50);
      const next = new URL(page.next ?? "");
      expect([next.pathname, next.searchParams.get("level")]).toEqual(["/exports", "patient"]);
      const last = await list(next.search.slice(1));
      expect(last.exports.map(({ exportId }) => exportId)).toEqual(["e4", "e3", "e2", "e1", "e0"]);
      expect(last.next).toBeUndefined();
    });

    it("looks at a bounded number of exports, and goes on with the next page", async () => {
      for (let number = 0; number < 450; number += 1)
        await begin(`e${number}`, new Date(noon + number * 1_000).toISOString());
      const page = await list("state=failed");
      expect([page.exports.length, page.next !== undefined]).toEqual([0, true]);
    });

    it("finds a group by its name as well as by its id, before and after the bridge has validated the request", async () => {
      await api.call("POST /exports", { body: { level: "group", groupId: "Everyone" } });
      expect([await idsOf("groupId=Everyone"), await idsOf("groupId=11")]).toEqual([["api"], ["api"]]);
      await begin("e1", "2026-03-01T10:00:00.000Z", "11");
      expect(await idsOf("groupId=Everyone")).toEqual(["api", "e1"]);
    });

    it.each([
      "state=done",
      "level=all",
      "from=yesterday",
      "after=x",
      "from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z",
    ])("refuses %s", async (query) => {
      expect((await problemOf("GET /exports", { query })).status).toBe(400);
    });
  });

  describe("the files", () => {
    const failed = {
      index: 1,
      kind: "output",
      type: "Patient",
      key: "exports/e1/Patient/p1.ndjson",
      attempts: 8,
    } as const;
    /** One file landed, one is missing, one is pending. */
    const running = async (file = landedFile(0)) => {
      await begin();
      await api.bridge.progress.report(first, { phase: "downloading", waitsFor: null, filesPlanned: 3 });
      await api.bridge.records.savePlan(planOf(plannedFile(0), plannedFile(1), plannedFile(2)));
      await api.bridge.receipts.writeLanded("e1", 0, [file]);
      await api.bridge.receipts.writeFailed("e1", { ...failed, reason: "HTTP 410" });
    };

    it("of a running export are those of the plan", async () => {
      await running();
      const page = await filesOf();
      expect(page.files).toMatchObject([
        { number: 1, name: "Patient/p0.ndjson", state: "landed", lines: 2, bytes: 10, reason: null },
        { number: 2, name: "Patient/p1.ndjson", state: "missing", lines: null, reason: "HTTP 410" },
        { number: 3, name: "Patient/p2.ndjson", state: "pending", checksum: null, reason: null },
      ]);
      expect(JSON.stringify(page)).not.toContain("SECRET");
      expect((await filesOf("after=2")).files.map(({ number }) => number)).toEqual([3]);
    });

    it("of an export that ended without a summary are missing if they did not land", async () => {
      await running();
      await api.bridge.progress.end(first, { state: "cancelled", error: null, endedAt: at });
      expect((await filesOf()).files.map(({ state }) => state)).toEqual(["landed", "missing", "missing"]);
    });

    it("of an export that ended are those of its summary, page by page", async () => {
      await begin();
      const files = Array.from({ length: 105 }, (_, index) => landedFile(index));
      const failedFiles = [{ ...failed, index: 105, reason: "HTTP 410" }];
      await api.bridge.records.saveSummary({ ...emptySummary("e1", "partial"), files, failedFiles });
      await api.bridge.progress.end(first, { state: "partial", error: null, endedAt: at });
      const page = await filesOf();
      expect([page.files.length, page.next]).toEqual([100, "https://api.example/exports/e1/files?after=100"]);
      const last = await filesOf("after=100");
      expect([last.files.map(({ state }) => state).join(), last.next]).toEqual([
        "landed,landed,landed,landed,landed,missing",
        undefined,
      ]);
    });

    it("are opened by a link once they landed", async () => {
      await running();
      const open = "GET /exports/{id}/files/{number}" as const;
      const answer = await api.call(open, { id: "e1", number: "1" });
      expect([answer.status, answer.headers["location"]]).toEqual([
        303,
        "https://s3.example/exports/e1/Patient/p0.ndjson?X-Amz-Signature=1",
      ]);
      const reasons = await Promise.all(
        ["2", "3", "4", "0", "x"].map((number) => problemOf(open, { id: "e1", number })),
      );
      expect(reasons.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
      expect(reasons.map(({ detail }) => detail)).toMatchObject([
        "It is missing: HTTP 410.",
        "It was not downloaded yet. Try again later.",
        ...Array.from({ length: 3 }, () => "The export has no file with this number."),
      ]);
    });

    it.each<[string, string, { lines: string[]; truncated: boolean; message?: unknown }]>([
      ["shows all lines of a short file", "a\nb\n", { lines: ["a", "b"], truncated: false, message: null }],
      ["shows a last line without a line end", "a\nb", { lines: ["a", "b"], truncated: false }],
      ["shows five lines of more", "a\nb\nc\nd\ne\nf\n", { lines: ["a", "b", "c", "d", "e"], truncated: true }],
      ["shows whole lines only", `a\n${"é".repeat(40_000)}\n`, { lines: ["a"], truncated: true }],
      [
        "says that a line is too long",
        `${"é".repeat(40_000)}\n`,
        { lines: [], truncated: true, message: expect.stringContaining("longer") },
      ],
      ["says that a file is empty", "", { lines: [], truncated: false, message: "The file is empty." }],
    ])("a preview %s", async (_, content, expected) => {
      const body = Buffer.from(content);
      await running(landedFile(0, { bytes: body.length }));
      api.bridge.s3.objects.set("exports/e1/Patient/p0.ndjson", { body, crc32: "", contentType: undefined });
      const answer = await api.call("GET /exports/{id}/files/{number}/preview", { id: "e1", number: "1" });
      expect(filePreview.parse(JSON.parse(answer.body.toString("utf8")))).toMatchObject(expected);
    });
  });

  describe("a cancellation", () => {
    it("stops the execution, and says so until it has ended", async () => {
      const { exportId } = await viewOf("POST /exports", { body: patient });
      const answer = await viewOf("POST /exports/{id}/cancel", { id: exportId });
      expect(answer.message).toContain("cancellation was requested");
      expect(api.bridge.executions.known.get(exportId)?.status).toBe("ended");
      expect(await api.bridge.records.findStop({ exportId, run: "first" })).toMatchObject({ reason: "cancelled" });
      await api.bridge.progress.end({ exportId, run: "first" }, { state: "cancelled", error: null, endedAt: at });
      expect((await show(exportId)).message).toBe("It was cancelled. The 0 files that landed are kept.");
      const again = await problemOf("POST /exports/{id}/cancel", { id: exportId });
      expect([again.status, again.detail]).toEqual([409, "It has ended already: cancelled."]);
    });

    it("of an export without an execution is refused", async () => {
      await begin();
      expect((await problemOf("POST /exports/{id}/cancel", { id: "e1" })).status).toBe(409);
    });
  });

  describe("a resumption", () => {
    it("starts a run of the same export, which keeps who requested it", async () => {
      const { exportId } = await viewOf("POST /exports", { body: patient });
      api.bridge.executions.end(exportId, "ended");
      await api.bridge.progress.end({ exportId, run: "first" }, { state: "cancelled", error: null, endedAt: at });
      const view = await viewOf("POST /exports/{id}/resume", { id: exportId });
      expect(view).toMatchObject({ exportId, run: "r1", state: "requested", trigger: { kind: "api", by: "anna" } });
      expect(api.bridge.executions.known.get(`${exportId}-r1`)?.input).toEqual({
        resume: { exportId, run: "r1" },
        trigger: { kind: "api", id: "call-1", caller: "anna" },
      });
      const again = await problemOf("POST /exports/{id}/resume", { id: exportId });
      expect([again.status, again.detail]).toEqual([409, "The export has not ended."]);
    });

    it.each([
      ["is complete", { state: "completed" as const, error: null }, "no file is missing"],
      ["is partial without a missing file", { state: "partial" as const, error: null }, "No file"],
      [
        "was refused",
        { state: "failed" as const, error: { name: "KickOffRejected" as const, message: "400" } },
        "Request a new export",
      ],
    ])("of an export that %s is refused in words", async (_, end, words) => {
      await begin();
      await api.bridge.progress.end(first, { ...end, endedAt: at });
      const problem = await problemOf("POST /exports/{id}/resume", { id: "e1" });
      expect([problem.status, problem.detail]).toEqual([409, expect.stringContaining(words)]);
    });
  });
});

describe("who requested an export", () => {
  it.each([
    [
      { kind: "api", id: "call-1", caller: "anna" },
      { kind: "api", by: "anna" },
    ],
    [
      { kind: "event", id: "1", source: "app", account: "2" },
      { kind: "event", by: "app" },
    ],
    [
      { kind: "schedule", id: "nightly 2026-03-01T00:00:00Z" },
      { kind: "schedule", by: "nightly" },
    ],
    [
      { kind: "resumption", id: "e1-r1" },
      { kind: "resumption", by: "e1-r1" },
    ],
    [{ kind: "direct" }, { kind: "direct", by: null }],
  ] as const)("%j is shown as %j", (requester, origin) => {
    expect(originOf(requester)).toEqual(origin);
  });
});
