import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiCaller, apiCaller } from "#local/api-caller.ts";
import {
  type ExportView,
  exportFilePage,
  exportPage,
  exportView,
  filePreview,
} from "#on-demand-api/language/export-messages.ts";
import { problemOf } from "../fixtures/api-answers.ts";
import { type BridgeUnderTest, bridgeUnderTest, completed } from "../fixtures/bridge-under-test.ts";
import { iamUser } from "../fixtures/iam-user.ts";

/** Reads the export of an answer, which must have this status. */
async function viewOf(answer: Response, status: number): Promise<ExportView> {
  const text = await answer.text();
  expect([answer.status, text]).toEqual([status, expect.any(String)]);
  return exportView.parse(JSON.parse(text));
}

describe("exports over HTTP", () => {
  let test: BridgeUnderTest;
  let api: ApiCaller;

  beforeAll(async () => {
    test = await bridgeUnderTest();
    api = apiCaller(test.bridge.outputs);
  });

  afterAll(async () => {
    await test.stop();
  });

  const post = (path: string, body: unknown = null, headers: Record<string, string> = {}) =>
    api.send(path, { method: "POST", headers, body: JSON.stringify(body) });
  const show = async (exportId: string) => await viewOf(await api.get(`/exports/${exportId}`), 200);
  const whenEnded = async (exportId: string): Promise<ExportView> => {
    await test.awaitEndOf(exportId);
    // The end is stored after its event was published.
    await expect.poll(() => show(exportId)).toMatchObject({ endedAt: expect.any(String) });
    return await show(exportId);
  };

  it("an export is requested, shown to its end, and its files are listed, previewed and opened", async () => {
    const body = { level: "patient", types: ["Patient", "Device"] };
    const answer = await post("/exports", body, { "idempotency-key": "k1" });
    const { exportId, state } = await viewOf(answer, 202);
    expect([state, answer.headers.get("location")]).toEqual([
      "requested",
      `${test.bridge.outputs.apiUrl}/exports/${exportId}`,
    ]);
    expect((await viewOf(await post("/exports", body, { "idempotency-key": "k1" }), 202)).exportId).toBe(exportId);

    const end = await whenEnded(exportId);
    const summary = await test.caller.readSummary(exportId);
    expect(end).toMatchObject({
      state: "completed",
      trigger: { kind: "api", by: "arn:aws:iam::000000000000:root" },
      progress: {
        filesPlanned: 2,
        filesLanded: 2,
        filesMissing: 0,
        lines: summary.totals.lines,
        bytes: summary.totals.bytes,
      },
      phases: summary.phases,
      actions: ["read-files"],
    });
    expect(end.linesByType).toEqual(Object.fromEntries(summary.files.map(({ type, lines }) => [type, lines])));

    const { files } = exportFilePage.parse(await (await api.get(`/exports/${exportId}/files`)).json());
    expect(files.map(({ resourceType, bytes }) => [resourceType, bytes])).toEqual(
      summary.files.map(({ type, bytes }) => [type, bytes]),
    );
    const [landed] = summary.files;
    const content = (await test.caller.readObject(landed?.key ?? "")).toString("utf8");
    const preview = filePreview.parse(await (await api.get(`/exports/${exportId}/files/1/preview`)).json());
    expect(content.startsWith(`${preview.lines.join("\n")}\n`)).toBe(true);
    const redirect = await api.send(`/exports/${exportId}/files/1`, { redirect: "manual" });
    expect(redirect.status).toBe(303);
    expect(await (await fetch(redirect.headers.get("location") ?? "")).text()).toBe(content);
  });

  it("an export that an event requests is listed as well", async () => {
    const { exportId } = completed(await test.exportBy({ level: "system", types: ["Patient"] }));
    await whenEnded(exportId);
    const { exports } = exportPage.parse(await (await api.get("/exports?level=system&state=completed")).json());
    expect(exports.map((one) => [one.exportId, one.trigger])).toEqual([
      [exportId, { kind: "event", by: "example.requester" }],
    ]);
  });

  it("a partial export names its missing file, and is resumed to its end", async () => {
    const gone = { kind: "status", status: 403, body: "attachment-not-found", match: "condition_file_1" } as const;
    test.simulator.faults.script("download", [gone]);
    const { exportId } = await viewOf(
      await post("/exports", { level: "patient", types: ["Condition", "Patient"] }),
      202,
    );
    const partial = await whenEnded(exportId);
    expect(partial).toMatchObject({
      state: "partial",
      progress: { filesMissing: 1 },
      actions: ["resume", "read-files"],
    });
    const { files } = exportFilePage.parse(await (await api.get(`/exports/${exportId}/files`)).json());
    const missing = files.find((file) => file.state === "missing");
    expect(missing?.reason).toContain("403");
    const problem = await problemOf(await api.get(`/exports/${exportId}/files/${missing?.number}`), 404);
    expect(problem.detail).toContain("It is missing");

    expect(await viewOf(await post(`/exports/${exportId}/resume`), 202)).toMatchObject({ run: "r1" });
    await expect
      .poll(() => show(exportId))
      .toMatchObject({ run: "r1", state: "completed", progress: { filesLanded: 2, filesMissing: 0 } });
  });

  it("a running export shows what the server says, waits are named, and a cancellation ends it", async () => {
    test.simulator.settings.exportDurationMs = 600_000;
    const { exportId } = await viewOf(await post("/exports", { level: "patient", types: ["Goal"] }), 202);
    await expect.poll(() => show(exportId)).toMatchObject({ phase: "atServer" });
    const { exportId: waiting } = await viewOf(await post("/exports", { level: "patient", types: ["Device"] }), 202);
    await expect
      .poll(() => show(waiting))
      .toMatchObject({ phase: "waiting", waitsFor: { what: "lease", message: expect.stringContaining(exportId) } });
    for (const id of [exportId, waiting]) {
      await viewOf(await post(`/exports/${id}/cancel`), 202);
      expect(await whenEnded(id)).toMatchObject({ state: "cancelled" });
      await problemOf(await post(`/exports/${id}/cancel`), 409);
    }
  });

  it("a caller whom the settings do not name gets nothing, and each call is recorded", async () => {
    const user = apiCaller(test.bridge.outputs, await iamUser(test.bridge, "stranger", true));
    expect((await problemOf(await user.get("/exports"), 403)).detail).toContain("api.exports");
    const records = [...(await test.auditRecords("access/")).values()].map((text) => JSON.parse(text) as object);
    expect(records).toContainEqual(expect.objectContaining({ route: "GET /exports", status: 403 }));
    expect(records).toContainEqual(
      expect.objectContaining({
        route: "GET /exports/{id}/files/{number}/preview",
        exportId: expect.any(String),
        file: 1,
      }),
    );
  });
});
