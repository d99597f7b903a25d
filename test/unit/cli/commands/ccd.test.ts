import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { documentRefusalReasons } from "#ccd-retrieval/language/document-faults.ts";
import { type CommandLine, commandLine, jsonOf, problem } from "../../../fixtures/command-line.ts";

const id = `ccd-${"a".repeat(32)}`;
const pending = {
  requestId: id,
  state: "pending",
  requestedAt: "2026-03-01T12:00:00.000Z",
  endedAt: null,
  failure: null,
  documents: [],
  refused: [],
};
const documentOf = (url: string, number = 1) => ({
  number,
  bytes: 12,
  title: "Summary",
  encounterIds: ["e1"],
  effectiveTime: null,
  encounterStart: "2026-01-02T03:04:05Z",
  encounterEnd: null,
  sections: [],
  href: `${url}/ccd-requests/${id}/documents/${number}`,
});

describe("integra ccd", () => {
  let cli: CommandLine;
  beforeEach(async () => {
    cli = await commandLine();
  });
  afterEach(() => cli.stop());

  /** The API: a request that is ready at the second look, with one document behind a signed link. */
  function readyAtSecondLook(): void {
    const ready = { ...pending, state: "ready", documents: [documentOf(cli.url)], ofANewerStage: true };
    let looks = 0;
    cli.answer("POST /ccd-requests", { status: 202, body: pending });
    cli.answer(`GET /ccd-requests/${id}`, () => ({ body: ++looks < 2 ? pending : ready }));
    cli.answer(`GET /ccd-requests/${id}/documents/1`, ({ headers }) =>
      headers.accept === "text/html"
        ? { headers: { "content-type": "text/html" }, body: "<p>Summary</p>" }
        : { status: 303, headers: { location: `${cli.url}/bucket/1.xml?signature` } },
    );
    cli.answer("GET /bucket/1.xml", { body: "<summary  />" });
  }

  it("request reads the patient from standard input, waits, and saves the documents for their owner only", async () => {
    readyAtSecondLook();
    const out = join(cli.folder, "saved");
    const answer = await cli.run(["ccd", "request", "--start-date", "2026-01-01T00:00:00Z", "--out", out, "--json"], {
      input: '{"patientId":"p1"}',
    });
    const file = join(out, id, "1.xml");
    expect(answer.code).toBe(0);
    expect(jsonOf(answer)).toMatchObject({ requestId: id, state: "ready", saved: [{ number: 1, file, bytes: 12 }] });
    expect(jsonOf(answer)).not.toHaveProperty("ofANewerStage");
    expect(JSON.parse(cli.calls[0]?.body ?? "")).toEqual({ patientId: "p1", startDate: "2026-01-01T00:00:00Z" });
    expect(cli.calls[0]?.headers).toMatchObject({ prefer: "wait=20", "idempotency-key": expect.any(String) });
    expect(cli.calls[0]?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 /);
    expect(await readFile(file, "utf8")).toBe("<summary  />");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    // The link is signed already: whoever serves it must not see the caller's signature.
    const linked = cli.calls.find(({ route }) => route === "GET /bucket/1.xml");
    expect(linked?.headers).not.toHaveProperty("authorization");
  });

  it("request asks a person at a terminal, and shows none of it in its answer", async () => {
    readyAtSecondLook();
    const answer = await cli.run(["ccd", "request"], { typed: "\n1996-07-08\nfemale\n(912)555-1234\n\nAda\n\n" });
    expect(answer.code).toBe(0);
    expect(JSON.parse(cli.calls[0]?.body ?? "")).toEqual({
      patient: { birthDate: "1996-07-08", gender: "female", phone: "(912)555-1234", given: "Ada" },
    });
    expect(answer.errors).toContain("Date of birth");
    expect(answer.output).toContain(`${id} is ready`);
    expect(answer.output).toContain("2026-01-02  Summary");
    expect(answer.output).not.toContain("Ada");
  });

  it("get saves pages for people", async () => {
    readyAtSecondLook();
    await cli.run(["ccd", "get", id]);
    const answer = await cli.run(["ccd", "get", id, "--out", cli.folder, "--html"]);
    expect(answer.output).toContain(`saved ${join(cli.folder, id, "1.html")}`);
    expect(await readFile(join(cli.folder, id, "1.html"), "utf8")).toBe("<p>Summary</p>");
  });

  it("a document that is not whole is not saved", async () => {
    readyAtSecondLook();
    cli.answer("GET /bucket/1.xml", { body: "<summary" });
    await cli.run(["ccd", "get", id]);
    const { code, errors } = await cli.run(["ccd", "get", id, "--out", cli.folder]);
    const file = join(cli.folder, id, "1.xml");
    expect([code, errors]).toEqual([1, expect.stringContaining(`${file} has 8 bytes instead of 12`)]);
    for (const path of [file, `${file}.part`]) await expect(stat(path)).rejects.toThrow("ENOENT");
  });

  it("a request that failed has exit code 2, and one with refused documents 3", async () => {
    const failure = { name: "WrongPatient", message: "of somebody else" };
    cli.answer(`GET /ccd-requests/${id}`, { body: { ...pending, state: "failed", failure } });
    const failed = await cli.run(["ccd", "get", id]);
    expect([failed.code, failed.output]).toEqual([2, `${id} has failed: WrongPatient: of somebody else\n`]);
    const refused = [{ number: 2, reason: documentRefusalReasons[0] }];
    cli.answer(`GET /ccd-requests/${id}`, { body: { ...pending, state: "ready", refused } });
    expect((await cli.run(["ccd", "get", id])).code).toBe(3);
  });

  it.each([
    ["--html without a folder", ["get", id, "--html"], "--html needs --out <folder>"],
    ["a folder for documents that nobody waits for", ["request", "--no-wait", "--out", "x"], "--out saves nothing"],
    ["an id of another form", ["get", "7"], "<requestId> must be ccd- and 32 digits or letters a to f"],
    ["an incomplete patient", ["request"], "patient.birthDate: is missing"],
  ])("%s is not understood, and nothing is called", async (_, args, words) => {
    const { code, errors } = await cli.run(["ccd", ...args], { input: '{"patient":{"gender":"female"}}' });
    expect([code, errors, cli.calls]).toEqual([64, expect.stringContaining(words), []]);
  });

  it("a request that nobody waits for says how to see it again", async () => {
    cli.answer("POST /ccd-requests", { status: 202, body: pending });
    const { output } = await cli.run(["ccd", "request", "--no-wait"], { input: '{"patientId":"p1"}' });
    expect(output).toBe(`${id} is pending\nSee it again: integra ccd get ${id}\n`);
  });

  it("an API that fails while it waits is no end of the request", async () => {
    cli.answer("POST /ccd-requests", { status: 202, body: pending });
    cli.answer(`GET /ccd-requests/${id}`, { status: 503, body: problem(503, "Not now") });
    const { code, errors } = await cli.run(["ccd", "request"], { input: '{"patientId":"p1"}' });
    expect([code, errors]).toEqual([5, expect.stringContaining(`${id} goes on at AWS`)]);
  });

  it("Ctrl-C while it waits says that the request goes on, and how to see it", async () => {
    cli.answer("POST /ccd-requests", { status: 202, body: pending });
    cli.answer(`GET /ccd-requests/${id}`, { body: pending });
    const controller = new AbortController();
    const { code, output, errors } = await cli.run(["ccd", "request"], {
      input: '{"patientId":"p1"}',
      signal: controller.signal,
      onSleep: () => controller.abort(new Error("stopped by SIGINT")),
    });
    expect([code, output]).toEqual([130, ""]);
    expect(errors).toContain(`${id} goes on at AWS. Its documents: integra ccd get ${id}`);
  });

  it("list follows the pages up to the limit", async () => {
    const { documents: _, refused: __, ...listed } = pending;
    cli.answer("GET /ccd-requests", ({ query }) => ({
      body: { requests: [listed, listed], ...(query === "" && { next: `${cli.url}/ccd-requests?after=2` }) },
    }));
    expect(jsonOf(await cli.run(["ccd", "list", "--json"]))).toMatchObject({
      requests: [{}, {}, {}, {}],
      complete: true,
    });
    const short = jsonOf(await cli.run(["ccd", "list", "--limit", "3", "--json"]));
    expect(short).toMatchObject({ requests: [{}, {}, {}], complete: false });
    expect((await cli.run(["ccd", "list", "--limit", "3"])).output).toMatch(/\nOnly the first 3 are shown\..*--limit/);
    expect((await cli.run(["ccd", "list"])).output.split("\n")[1]).toBe(`${id}  pending  2026-03-01 12:00:00  -`);
  });

  it.each([
    ["no JSON", "Nichols", "the input is not JSON"],
    ["no patient", "{}", "either patientId or patient"],
    ["an unknown member", '{"patientId":"p1","name":"Nichols"}', "Unrecognized key"],
  ])("input that is %s is refused before any call, without its values", async (_, input, words) => {
    const { code, errors } = await cli.run(["ccd", "request"], { input });
    expect([code, cli.calls.length]).toEqual([64, 0]);
    expect(errors).toContain(words);
    expect(errors).not.toContain("Nichols");
  });
});
