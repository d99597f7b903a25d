import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ExportFileView, ExportView } from "#on-demand-api/language/export-messages.ts";
import { crc32Text } from "#platform/bucket/crc32-text.ts";
import { type CommandLine, commandLine, jsonOf, problem } from "../../../fixtures/command-line.ts";

const running: ExportView = {
  exportId: "e1",
  state: "running",
  request: { level: "group", groupId: "age-below-5", types: ["Patient"], since: null },
  trigger: { kind: "api", by: "arn:aws:iam::123456789012:user/ada" },
  requestedAt: "2026-03-01T12:00:00.000Z",
  startedAt: "2026-03-01T12:00:01.000Z",
  endedAt: null,
  run: "first",
  phase: "atServer",
  message: "The server prepares the files.",
  waitsFor: null,
  serverProgress: "50%",
  nextPollAt: null,
  progress: { filesPlanned: null, filesLanded: 0, filesMissing: 0, lines: 0, bytes: 0, bytesPerSecond: null },
  linesByType: null,
  error: null,
  phases: null,
  actions: ["cancel"],
};
const landing: ExportView = {
  ...running,
  phase: "downloading",
  message: "Files are downloaded.",
  progress: { filesPlanned: 2, filesLanded: 1, filesMissing: 0, lines: 10, bytes: 2_000, bytesPerSecond: 500 },
};
const ended = (state: ExportView["state"]): ExportView => ({
  ...landing,
  state,
  message: `It is ${state}.`,
  phase: null,
  endedAt: "2026-03-01T12:05:00.000Z",
  phases: { waiting: 0, atServer: 200, downloading: 99 },
  linesByType: { Patient: 10 },
});
const fileOf = (number: number, text: string, more: Partial<ExportFileView> = {}): ExportFileView => ({
  number,
  kind: "output",
  resourceType: "Patient",
  name: `Patient/p${number}.ndjson`,
  state: "landed",
  lines: 1,
  bytes: text.length,
  checksum: { algorithm: "CRC32", value: crc32Text(crc32(text)) },
  reason: null,
  ...more,
});

describe("integra export", () => {
  let cli: CommandLine;
  beforeEach(async () => {
    cli = await commandLine();
  });
  afterEach(() => cli.stop());

  /** The API shows these views of e1, one after the other, and then the last one. */
  function views(...shown: ExportView[]): void {
    let looks = 0;
    cli.answer("GET /exports/e1", () => ({ body: shown[Math.min(looks++, shown.length - 1)] }));
  }

  /** The API serves these texts as the files of e1. */
  function files(list: readonly ExportFileView[], texts: Record<number, string>): void {
    cli.answer("GET /exports/e1/files", { body: { files: list } });
    for (const [number, text] of Object.entries(texts)) {
      cli.answer(`GET /exports/e1/files/${number}`, { status: 303, headers: { location: `${cli.url}/s3/${number}` } });
      cli.answer(`GET /s3/${number}`, { body: text });
    }
  }

  it("start sends what the options say, and a repetition by --key is the same export", async () => {
    cli.answer("POST /exports", { status: 202, body: running });
    const args = [
      "export",
      "start",
      "--level",
      "group",
      "--group",
      "age-below-5",
      "--type",
      "Patient",
      "--key",
      "nightly",
    ];
    const { code, output } = await cli.run(args);
    expect(JSON.parse(cli.calls[0]?.body ?? "")).toEqual({
      level: "group",
      groupId: "age-below-5",
      types: ["Patient"],
    });
    expect(cli.calls[0]?.headers["idempotency-key"]).toBe("nightly");
    expect([code, output.split("\n")[0]]).toEqual([0, "e1 is running. The server prepares the files."]);
  });

  it("watch shows in plain lines what happens, and ends with the export", async () => {
    views(
      running,
      { ...running, waitsFor: { what: "lease", message: "Export e0 runs.", until: null } },
      landing,
      ended("completed"),
    );
    const { code, output, errors } = await cli.run(["export", "watch", "e1"]);
    expect(code).toBe(0);
    expect(errors.split("\n")).toEqual([
      "The server prepares the files (50%)",
      "Export e0 runs (50%)",
      "Files are downloaded, 1 of 2 files, 10 lines, 2.0 kB, 500 bytes/s",
      "",
    ]);
    expect(output).toContain("downloading  1 min 39 s");
    expect(output).not.toContain("\u001b");
  });

  it("watch draws a bar in a terminal, and removes it at the end", async () => {
    views(landing, ended("completed"));
    const { errors } = await cli.run(["export", "watch", "e1"], { terminal: true });
    expect(errors).toContain(
      `[${"#".repeat(12)}${"-".repeat(12)}] Files are downloaded  1 of 2 files  10 lines  2.0 kB`,
    );
    expect(errors.endsWith("\r\u001b[K")).toBe(true);
  });

  it.each([
    ["completed", 0],
    ["partial", 3],
    ["failed", 2],
    ["cancelled", 2],
  ] as const)("an export that is watched and ends %s has the exit code %i", async (state, code) => {
    views(running, ended(state));
    expect(await cli.run(["export", "watch", "e1", "--json"])).toMatchObject({ code });
    cli.answer("POST /exports", { status: 202, body: running });
    expect(await cli.run(["export", "start", "--level", "patient", "--watch"])).toMatchObject({ code });
    cli.answer("POST /exports/e1/resume", { status: 202, body: running });
    expect(await cli.run(["export", "resume", "e1", "--watch"])).toMatchObject({ code });
  });

  it("Ctrl-C while it watches says that the export goes on, how to see it again and how to stop it", async () => {
    views(running);
    const controller = new AbortController();
    const { code, output, errors } = await cli.run(["export", "watch", "e1"], {
      signal: controller.signal,
      onSleep: () => controller.abort(new Error("stopped by SIGINT")),
    });
    expect([code, output]).toEqual([130, ""]);
    expect(errors).toContain(
      "e1 goes on at AWS. See it again: integra export watch e1. Stop it: integra export cancel e1",
    );
    expect(cli.calls.every(({ route }) => route.startsWith("GET"))).toBe(true);
  });

  it("an API that fails while it watches is no end of the export", async () => {
    cli.answer("POST /exports", { status: 202, body: running });
    cli.answer("GET /exports/e1", { status: 503, body: problem(503, "Not now") });
    const { code, errors } = await cli.run(["export", "start", "--level", "patient", "--watch"]);
    expect([code, errors]).toEqual([
      5,
      expect.stringContaining("e1 goes on at AWS. See it again: integra export watch e1"),
    ]);
  });

  it("a list that is cut off does not look whole", async () => {
    cli.answer("GET /exports", { body: { exports: [ended("partial"), ended("completed")] } });
    files([fileOf(1, "{}\n"), fileOf(2, "{}\n")], {});
    for (const args of [["list"], ["files", "e1"]]) {
      expect((await cli.run(["export", ...args, "--limit", "1"])).output).toContain("\nOnly the first 1 are shown. ");
      expect((await cli.run(["export", ...args])).output).not.toContain("Only the first");
    }
  });

  it.each([
    [
      ["start", "--level", "patient", "--since", "yesterday"],
      "--since must be last-completed or a FHIR instant such as",
    ],
    [["list", "--from", "yesterday"], "--from must be a time such as 2026-01-31T00:00:00Z"],
    [["show", "a b"], "<exportId> must be 1 to 72 letters, digits or . _ -"],
  ])("export %j says what is accepted instead", async (args, words) => {
    const { code, errors } = await cli.run(["export", ...args]);
    expect([code, errors]).toEqual([64, expect.stringContaining(words)]);
  });

  it("start without --watch says how to watch the export", async () => {
    cli.answer("POST /exports", { status: 202, body: running });
    const { output } = await cli.run(["export", "start", "--level", "patient"]);
    expect(output).toMatch(/\nWatch it: integra export watch e1\n$/);
  });

  it("get of an export without files says where to look", async () => {
    files([], {});
    const { code, errors } = await cli.run(["export", "get", "e1"]);
    expect([code, errors]).toEqual([3, expect.stringContaining("e1 has no files\nTo do: run integra export show e1")]);
  });

  it("list sends its filters, and show and cancel use the routes of an export", async () => {
    cli.answer("GET /exports", { body: { exports: [ended("partial")] } });
    cli.answer("POST /exports/e1/cancel", { status: 202, body: running });
    views(running);
    const args = ["export", "list", "--state", "partial", "--group", "age-below-5", "--from", "2026-01-01T00:00:00Z"];
    const listed = await cli.run(args);
    expect(listed.output).toContain("e1  partial  2026-03-01 12:00:00    1/2  2.0 kB  group age-below-5: Patient");
    expect(cli.calls[0]?.query).toBe("state=partial&from=2026-01-01T00%3A00%3A00Z&groupId=age-below-5");
    expect(jsonOf(await cli.run(["export", "show", "e1", "--json"]))).toEqual(running);
    expect(jsonOf(await cli.run(["export", "cancel", "e1", "--json"]))).toEqual(running);
  });

  it("files says why one is missing", async () => {
    files(
      [
        fileOf(1, "{}\n"),
        fileOf(2, "", { state: "missing", lines: null, bytes: null, reason: "the server answered 403" }),
      ],
      {},
    );
    const { output } = await cli.run(["export", "files", "e1"]);
    expect(output).toContain("missing  Patient/p2.ndjson      -        -  the server answered 403");
  });

  it("get saves each landed file, keeps what is there and whole, and says what is missing", async () => {
    const missing = fileOf(3, "", { state: "missing", bytes: null, checksum: null, reason: "403" });
    files([fileOf(1, '{"a":1}\n'), fileOf(2, '{"b":2}\n'), missing], { 1: '{"a":1}\n', 2: '{"b":2}\n' });
    const second = join(cli.folder, "e1", "Patient", "p2.ndjson");
    await mkdir(join(cli.folder, "e1", "Patient"), { recursive: true });
    await writeFile(second, '{"x":2}\n');
    const first = await cli.run(["export", "get", "e1", "--out", cli.folder, "--json"]);
    expect(first.code).toBe(3);
    expect(jsonOf(first)).toMatchObject({
      exportId: "e1",
      files: [
        { number: 1, bytes: 8, kept: false },
        { number: 2, file: second, kept: false },
      ],
      left: [{ number: 3, reason: "403" }],
    });
    expect(await readFile(second, "utf8")).toBe('{"b":2}\n');
    expect((await stat(join(cli.folder, "e1", "Patient", "p1.ndjson"))).mode & 0o777).toBe(0o600);
    const calls = cli.calls.length;
    const again = await cli.run(["export", "get", "e1", "--out", cli.folder, "--number", "1", "2"]);
    expect([again.code, cli.calls.length - calls]).toEqual([0, 1]);
  });

  it("get saves nothing that is not what the API names, and nothing outside of its folder", async () => {
    files([fileOf(1, "right")], { 1: "wrong" });
    const wrong = await cli.run(["export", "get", "e1", "--out", cli.folder]);
    expect([wrong.code, wrong.errors]).toEqual([1, expect.stringContaining("does not have the checksum")]);
    await expect(stat(join(cli.folder, "e1", "Patient", "p1.ndjson"))).rejects.toThrow("ENOENT");
    files([fileOf(1, "x", { name: "../../outside" })], { 1: "x" });
    const outside = await cli.run(["export", "get", "e1", "--out", cli.folder]);
    expect([outside.code, outside.errors]).toEqual([1, expect.stringContaining("leads out of")]);
  });

  it("get of files that do not exist is not understood", async () => {
    files([fileOf(1, "x")], {});
    expect(await cli.run(["export", "get", "e1", "--type", "Goal"])).toMatchObject({ code: 64 });
  });
});
