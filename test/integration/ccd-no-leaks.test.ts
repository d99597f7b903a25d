import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiCaller, apiCaller } from "#local/api-caller.ts";
import { clientSettings } from "#local/local-bridge.ts";
import type { FaultyEndpoint, ScriptedFault } from "#local/simulator/faults/fault-plan.ts";
import { sessionSecret } from "#user-session/language/user-session.ts";
import { ageAccessToken, pastRefusedTooSoonMs } from "../fixtures/aged-token.ts";
import { bundleOf, endedRequest, linkOf, postCcdRequest, requestOf, searchable } from "../fixtures/api-answers.ts";
import { type BridgeUnderTest, bridgeUnderTest } from "../fixtures/bridge-under-test.ts";
import { findLeaks, type Marker, type ScannedText } from "../fixtures/marker-scan.ts";
import { named, patientMarkers, planted, reported } from "../fixtures/patient-markers.ts";
import {
  auditTexts,
  deadLetterTexts,
  eventTexts,
  executionTexts,
  ledgerTexts,
  logTexts,
  objectTexts,
} from "../fixtures/written-texts.ts";

/** The words of a server that repeats all of a request, and names a patient. */
const words = `{token} may not ask {url} {body} for ${planted.name}, born ${planted.born}`;
const refusal = { kind: "status", status: 403, body: "terminal", words } as const;
const page = { kind: "status", status: 500, body: "html", words } as const;
const outage = { kind: "status", status: 503, words } as const;

const patients = 8;
const sessionItem = "ledger user-session#service";

/** Values that only callers received. */
interface Received {
  cursors: string[];
  signatures: string[];
  diagnostics: string;
  requestIds: string[];
}

describe("what the bridge writes for on-demand calls", () => {
  let test: BridgeUnderTest;
  let caller: ApiCaller;
  let scratch: string;
  let texts: ScannedText[];
  let received: Received;

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "ccd-no-leaks-"));
    test = await bridgeUnderTest({
      simulator: { patients, ccdDurationMs: 100, resourcePageSize: 2 },
      logFile: join(scratch, "local-aws.log"),
    });
    caller = apiCaller(test.bridge.outputs);
    received = { cursors: [], signatures: [], diagnostics: "", requestIds: [] };
    await searchAndRead();
    await requestCcds();
    await requestRefusedCcds();
    await endSession();
    texts = [
      ...(await executionTexts(test)),
      ...eventTexts(test),
      ...(await logTexts(test)),
      ...(await ledgerTexts(test)),
      ...(await auditTexts(test)),
      ...(await objectTexts(test, "ccds/")).filter(({ where }) => where.endsWith(".json")),
      ...(await objectTexts(test, "quarantine/")).filter(({ where }) => where.endsWith(".json")),
      ...(await deadLetterTexts(test)),
      { where: "keys", text: [...(await test.objects("")).keys()].join("\n") },
      { where: "the local AWS's own log", text: await readFile(join(scratch, "local-aws.log"), "utf8") },
    ];
  });

  afterAll(async () => {
    await test?.stop();
    await rm(scratch, { recursive: true, force: true });
  });

  const script = (endpoint: FaultyEndpoint, ...faults: ScriptedFault[]) =>
    test.simulator.faults.script(endpoint, faults);
  const collectDiagnostics = async (answer: Response): Promise<void> => {
    received.diagnostics += await answer.text();
  };
  const requestToEnd = async (body: object, headers: Record<string, string> = {}) => {
    const request = await endedRequest(caller, body, headers);
    received.requestIds.push(request.requestId);
    await test.awaitCcdEnd(request.requestId);
    return request;
  };

  async function searchAndRead(): Promise<void> {
    const { id, gender, birthdate, phone, email } = searchable(test.simulator, 0);
    const query = new URLSearchParams({ gender, birthdate, phone }).toString();
    for (const path of [`/fhir/Patient?${query}`, `/fhir/us-core/Patient?${query}`, `/fhir/Patient/${id}`])
      expect((await caller.get(path)).status).toBe(200);
    for (const fault of [refusal, page, outage, { ...refusal, status: 400 } as const]) {
      script("patient-search", fault);
      const refusedQuery = new URLSearchParams({ gender: planted.name, birthdate: planted.born, email });
      await collectDiagnostics(await caller.get(`/fhir/Patient?${refusedQuery.toString()}`));
      script("resource", fault);
      await collectDiagnostics(
        await caller.get(`/fhir/Condition?patient=${id}&code:text=${encodeURIComponent(planted.name)}`),
      );
    }
    await collectDiagnostics(await caller.get(`/fhir/Patient?${encodeURIComponent(planted.name)}=${planted.born}`));
    await collectDiagnostics(await caller.get(`/fhir/${encodeURIComponent(planted.name)}/${planted.born}`));
    const next = linkOf(await bundleOf(await caller.get(`/fhir/Observation?patient=${id}`)), "next") ?? "";
    expect((await caller.get(next)).status).toBe(200);
    received.cursors.push(new URL(next).searchParams.get("_cursor") ?? "");
  }

  async function requestCcds(): Promise<void> {
    const { id, gender, birthdate: birthDate, email } = searchable(test.simulator, 1);
    const { documents } = await requestToEnd(
      { patient: { gender, birthDate, email } },
      { "idempotency-key": `of-${id}` },
    );
    for (const { href } of documents) {
      const location = (await caller.send(href, { redirect: "manual" })).headers.get("location") ?? "";
      received.signatures.push(new URL(location).searchParams.get("X-Amz-Signature") ?? "");
    }
    const unrelated = test.simulator.addUnrelatedServerRequest({
      userId: "portal-user",
      patientId: id,
      durationMs: 1_000,
    });
    expect((await requestToEnd({ patientId: searchable(test.simulator, 2).id })).state).toBe("ready");
    expect(test.simulator.serverRequests().find((made) => made.id === unrelated)).toMatchObject({ downloads: 0 });
  }

  async function requestRefusedCcds(): Promise<void> {
    const { id } = searchable(test.simulator, 3);
    for (const attack of ["wrong-patient", "other-person", "external-entity", "malformed-xml"] as const) {
      // An attempt may break off on a busy machine. The next one must be attacked as well.
      script("ccd-download", ...Array.from({ length: 5 }, () => ({ kind: "hostile-ccd", attack }) as const));
      const { requestId, state } = await requestToEnd({ patientId: id });
      // A damaged document does not keep the others back.
      const hasOthers = test.simulator.records.ofPatient(id).filter(({ type }) => type === "Encounter").length > 1;
      expect([attack, state]).toEqual([attack, attack === "malformed-xml" && hasOthers ? "ready" : "failed"]);
      expect((await test.objects(`quarantine/ccds/${requestId}/`)).size).toBe(2);
      test.simulator.faults.clear();
    }
    script("resource", page, refusal);
    script("nonce", outage, page);
    script("ccd-download", outage, page);
    expect((await requestToEnd({ patientId: id })).state).toBe("ready");
    script("ccd-request", outage, { ...refusal, status: 400 });
    expect((await requestToEnd({ patientId: id })).state).toBe("failed");
    script("ccd-download", { ...refusal, status: 404 });
    expect((await requestToEnd({ patientId: id })).state).toBe("failed");
    await collectDiagnostics(await postCcdRequest(caller, { patientId: `${planted.name} ${planted.born}` }));
    await collectDiagnostics(
      await caller.get(`/ccd-requests/${encodeURIComponent(planted.name)}/documents/${planted.born}`),
    );
  }

  async function endSession(): Promise<void> {
    await ageAccessToken(test, pastRefusedTooSoonMs);
    test.simulator.endSessions("portal-user");
    test.simulator.revokeUserTokens();
    expect((await caller.get("/fhir/Condition")).status).toBe(503);
    const request = await requestOf(await postCcdRequest(caller, { patientId: searchable(test.simulator, 4).id }));
    await test.awaitCcdEnd(request.requestId);
    await test.awaitSessionEnd();
  }

  /** The texts without the only attribute of a CCD request's item that may name the patient. All CCD requests have ended. */
  const withoutRecords = (): ScannedText[] =>
    texts.map(({ where, text }) => {
      if (!where.startsWith("ledger ccd#")) return { where, text };
      const { record: _, ...others } = JSON.parse(text) as Record<string, unknown>;
      return { where, text: JSON.stringify(others) };
    });

  async function secretMarkers(): Promise<Marker[]> {
    const { aws, outputs } = test.bridge;
    const get = new GetSecretValueCommand({ SecretId: outputs.sessionSecretName });
    const { SecretString = "" } = await new SecretsManagerClient(clientSettings(aws)).send(get);
    const { refresh_token: refreshToken, client_secret: clientSecret = "" } = sessionSecret.parse(
      JSON.parse(SecretString),
    );
    const { tokens, userSecrets } = test.simulator.secretsSeen();
    return [
      ...named("an access token", tokens),
      ...named("a refresh token, an identity token or a nonce", [...userSecrets, refreshToken]),
      ...named("the client's secret", [clientSecret]),
      ...named("a cursor", received.cursors),
      ...named("the signature of a document's link", received.signatures),
    ];
  }

  const emails = (): Marker[] =>
    named(
      "an email address",
      Array.from({ length: patients }, (_, place) => searchable(test.simulator, place).email),
    );

  it("no written text contains a token, nonce, secret, cursor or link, except the session's item with its own tokens", async () => {
    const markers = await secretMarkers();
    expect(
      reported(
        findLeaks(
          texts.filter(({ where }) => where !== sessionItem),
          markers,
        ),
      ),
    ).toEqual([]);
    const ofSession = texts.filter(({ where }) => where === sessionItem);
    const found = findLeaks(ofSession, markers).map(({ marker }) => marker);
    expect(new Set(found)).toEqual(new Set(["an access token", "a refresh token, an identity token or a nonce"]));
  });

  it("no written text identifies a patient, except a request's own record", () => {
    const markers = [...patientMarkers(test.simulator), ...emails()];
    expect(reported(findLeaks(withoutRecords(), markers))).toEqual([]);
  });

  it("the scan covers every place, and finds patients in the texts that may name them", async () => {
    const places = new Set(withoutRecords().map(({ where }) => where.split(/[ /]/)[0]));
    expect([...places]).toEqual(
      expect.arrayContaining(["execution", "event", "log", "ledger", "audit", "ccds", "quarantine", "keys", "the"]),
    );
    const inPlace = (place: string) => texts.filter(({ where }) => where.startsWith(place)).map(({ text }) => text);
    for (const id of received.requestIds)
      for (const place of ["execution", "event", "log", "audit"])
        expect(inPlace(place).some((text) => text.includes(id))).toBe(true);
    // The server's words reached the callers, and the records and documents name their patients.
    expect(received.diagnostics).toContain(planted.name);
    const markers = patientMarkers(test.simulator);
    expect(findLeaks(texts, markers).length).toBeGreaterThan(0);
    const documents = (await objectTexts(test, "ccds/")).filter(({ where }) => where.endsWith(".xml"));
    const found = new Set(findLeaks(documents, markers).map(({ marker }) => marker));
    // C-CDA spells some values in its own way.
    expect([...found]).toEqual(
      expect.arrayContaining(["a patient's id", "a part of a name", "a birth date in HL7's form"]),
    );
  });
});
