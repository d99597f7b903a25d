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
import { bundleOf, linkOf, postCcdRequest, requestOf, searchable } from "../fixtures/api-answers.ts";
import { type BridgeUnderTest, bridgeUnderTest } from "../fixtures/bridge-under-test.ts";
import { findLeaks, type Marker, type ScannedText } from "../fixtures/marker-scan.ts";
import { named, patientMarkers, planted, reported } from "../fixtures/patient-markers.ts";
import {
  deadLetterTexts,
  eventTexts,
  executionTexts,
  ledgerTexts,
  logTexts,
  objectTexts,
} from "../fixtures/written-down.ts";

/** A server that repeats all that it was sent, and names a patient. */
const words = `{token} may not ask {url} {body} for ${planted.name}, born ${planted.born}`;
const refusal = { kind: "status", status: 403, body: "terminal", words } as const;
const page = { kind: "status", status: 500, body: "html", words } as const;
const trouble = { kind: "status", status: 503, words } as const;

const patients = 8;
const sessionItem = "ledger user-session#service";

/** What callers alone were told. */
interface Told {
  cursors: string[];
  signatures: string[];
  diagnostics: string;
  requestIds: string[];
}

describe("what the bridge writes down on demand", () => {
  let test: BridgeUnderTest;
  let caller: ApiCaller;
  let scratch: string;
  let texts: ScannedText[];
  let told: Told;

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "ccd-no-leaks-"));
    test = await bridgeUnderTest({
      simulator: { patients, ccdDurationMs: 100, resourcePageSize: 2 },
      logFile: join(scratch, "local-aws.log"),
    });
    caller = apiCaller(test.bridge.outputs);
    told = { cursors: [], signatures: [], diagnostics: "", requestIds: [] };
    await search();
    await askWell();
    await askBadly();
    await endSession();
    texts = [
      ...(await executionTexts(test)),
      ...eventTexts(test),
      ...(await logTexts(test)),
      ...(await ledgerTexts(test)),
      ...(await objectTexts(test, "audit/")),
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
  const say = async (answer: Response): Promise<void> => {
    told.diagnostics += await answer.text();
  };
  const finished = async (body: object, headers: Record<string, string> = {}) => {
    const request = await requestOf(await postCcdRequest(caller, body, { prefer: "wait=20", ...headers }));
    told.requestIds.push(request.requestId);
    await test.awaitCcdEnd(request.requestId);
    return request;
  };

  async function search(): Promise<void> {
    const { id, gender, birthdate, phone, email } = searchable(test.simulator, 0);
    const query = new URLSearchParams({ gender, birthdate, phone }).toString();
    for (const path of [`/fhir/Patient?${query}`, `/fhir/us-core/Patient?${query}`, `/fhir/Patient/${id}`])
      expect((await caller.get(path)).status).toBe(200);
    for (const fault of [refusal, page, trouble, { ...refusal, status: 400 } as const]) {
      script("patient-search", fault);
      const asked = new URLSearchParams({ gender: planted.name, birthdate: planted.born, email });
      await say(await caller.get(`/fhir/Patient?${asked.toString()}`));
      script("resource", fault);
      await say(await caller.get(`/fhir/Condition?patient=${id}&code:text=${encodeURIComponent(planted.name)}`));
    }
    await say(await caller.get(`/fhir/Patient?${encodeURIComponent(planted.name)}=${planted.born}`));
    await say(await caller.get(`/fhir/${encodeURIComponent(planted.name)}/${planted.born}`));
    const next = linkOf(await bundleOf(await caller.get(`/fhir/Observation?patient=${id}`)), "next") ?? "";
    expect((await caller.get(next)).status).toBe(200);
    told.cursors.push(new URL(next).searchParams.get("_cursor") ?? "");
  }

  async function askWell(): Promise<void> {
    const { id, gender, birthdate: birthDate, email } = searchable(test.simulator, 1);
    const { documents } = await finished({ patient: { gender, birthDate, email } }, { "idempotency-key": `of-${id}` });
    for (const { href } of documents) {
      const location = (await caller.send(href, { redirect: "manual" })).headers.get("location") ?? "";
      told.signatures.push(new URL(location).searchParams.get("X-Amz-Signature") ?? "");
    }
    const unrelated = test.simulator.addUnrelatedServerRequest({
      userId: "portal-user",
      patientId: id,
      durationMs: 1_000,
    });
    expect((await finished({ patientId: searchable(test.simulator, 2).id })).state).toBe("ready");
    expect(test.simulator.serverRequests().find((made) => made.id === unrelated)).toMatchObject({ downloads: 0 });
  }

  async function askBadly(): Promise<void> {
    const { id } = searchable(test.simulator, 3);
    for (const attack of ["wrong-patient", "other-person", "external-entity", "malformed-xml"] as const) {
      // Several: on a busy machine a try may break off, and the next one is to meet the same.
      script("ccd-download", ...Array.from({ length: 5 }, () => ({ kind: "hostile-ccd", attack }) as const));
      const { requestId, state } = await finished({ patientId: id });
      // A document that is damaged by itself keeps no other document back.
      const hasOthers = test.simulator.records.ofPatient(id).filter(({ type }) => type === "Encounter").length > 1;
      expect([attack, state]).toEqual([attack, attack === "malformed-xml" && hasOthers ? "ready" : "failed"]);
      expect((await test.objects(`quarantine/ccds/${requestId}/`)).size).toBe(2);
      test.simulator.faults.clear();
    }
    script("resource", page, refusal);
    script("nonce", trouble, page);
    script("ccd-download", trouble, page);
    expect((await finished({ patientId: id })).state).toBe("ready");
    script("ccd-request", trouble, { ...refusal, status: 400 });
    expect((await finished({ patientId: id })).state).toBe("failed");
    script("ccd-download", { ...refusal, status: 404 });
    expect((await finished({ patientId: id })).state).toBe("failed");
    await say(await postCcdRequest(caller, { patientId: `${planted.name} ${planted.born}` }));
    await say(await caller.get(`/ccd-requests/${encodeURIComponent(planted.name)}/documents/${planted.born}`));
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

  /** But for the one attribute of a request's item that may name the patient: all of them have ended. */
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
      ...named("a cursor", told.cursors),
      ...named("the signature of a document's link", told.signatures),
    ];
  }

  const emails = (): Marker[] =>
    named(
      "an email address",
      Array.from({ length: patients }, (_, place) => searchable(test.simulator, place).email),
    );

  it("holds no token, nonce, secret, cursor or link, but for the tokens of the session's own item", async () => {
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

  it("holds nothing about a patient, but for a request's own record", () => {
    const markers = [...patientMarkers(test.simulator), ...emails()];
    expect(reported(findLeaks(withoutRecords(), markers))).toEqual([]);
  });

  it("was looked for in every place, and would have been found", async () => {
    const places = new Set(withoutRecords().map(({ where }) => where.split(/[ /]/)[0]));
    expect([...places]).toEqual(
      expect.arrayContaining(["execution", "event", "log", "ledger", "audit", "ccds", "quarantine", "keys", "the"]),
    );
    const inPlace = (place: string) => texts.filter(({ where }) => where.startsWith(place)).map(({ text }) => text);
    for (const id of told.requestIds)
      for (const place of ["execution", "event", "log", "audit"])
        expect(inPlace(place).some((text) => text.includes(id))).toBe(true);
    // The servers' words did reach those who asked, and the records and documents do name their patients.
    expect(told.diagnostics).toContain(planted.name);
    const markers = patientMarkers(test.simulator);
    expect(findLeaks(texts, markers).length).toBeGreaterThan(0);
    const documents = (await objectTexts(test, "ccds/")).filter(({ where }) => where.endsWith(".xml"));
    const found = new Set(findLeaks(documents, markers).map(({ marker }) => marker));
    // In the spellings of C-CDA as well.
    expect([...found]).toEqual(
      expect.arrayContaining(["a patient's id", "a part of a name", "a birth date in HL7's form"]),
    );
  });
});
