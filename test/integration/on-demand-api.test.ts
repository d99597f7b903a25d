import type { Patient } from "fhir/r4.d.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiCaller, apiCaller } from "#local/api-caller.ts";
import { apiAccess } from "#on-demand-api/language/access-record.ts";
import { renderOpenApi } from "#on-demand-api/openapi/openapi.ts";
import { ageAccessToken, pastRefusedTooSoonMs } from "../fixtures/aged-token.ts";
import {
  bundleOf,
  endedRequest,
  linkOf,
  outcomeOf,
  postCcdRequest,
  requestOf,
  searchable,
} from "../fixtures/api-answers.ts";
import { type BridgeUnderTest, bridgeUnderTest } from "../fixtures/bridge-under-test.ts";
import { iamUser } from "../fixtures/iam-user.ts";

const ccdDurationMs = 500;

describe("the on-demand API", () => {
  let test: BridgeUnderTest;
  let caller: ApiCaller;
  let other: ApiCaller;

  beforeAll(async () => {
    test = await bridgeUnderTest({
      simulator: { patients: 8, resourcePageSize: 3, searchCombinations: "guide", ccdDurationMs },
    });
    caller = apiCaller(test.bridge.outputs);
    other = apiCaller(test.bridge.outputs, await iamUser(test.bridge, "other", true));
  });

  afterAll(async () => {
    await test.stop();
  });

  const firstPatient = () => searchable(test.simulator, 0);

  describe("callers", () => {
    it("a call without a signature, with a wrong one or without permission is refused without a request to the server", async () => {
      const { outputs } = test.bridge;
      const denied = await iamUser(test.bridge, "denied", false);
      const forger = { ...(await iamUser(test.bridge, "forged", true)), secretAccessKey: "wrong" };
      const before = test.simulator.log.length;
      const refused = [
        await fetch(`${outputs.apiUrl}/fhir/Patient?gender=male`),
        await apiCaller(test.bridge.outputs, forger).get("/fhir/Patient?gender=male"),
        await apiCaller(test.bridge.outputs, denied).get("/fhir/Patient?gender=male"),
      ];
      expect(refused.map(({ status }) => status)).toEqual([403, 403, 403]);
      expect(test.simulator.log.length).toBe(before);
    });

    it("each call is recorded with its caller, and without the patient's id", async () => {
      const { id } = firstPatient();
      const answer = await other.get(`/fhir/Patient/${id}`);
      expect(answer.status).toBe(200);
      const texts = [...(await test.auditRecords("access/")).values()];
      const mine = texts
        .map((text) => apiAccess.parse(JSON.parse(text)))
        .filter(({ caller: who }) => who?.endsWith("user/other"));
      expect(mine).toMatchObject([{ route: "GET /fhir/{resourceType}/{id}", resourceType: "Patient", status: 200 }]);
      expect(texts.filter((text) => text.includes(id))).toEqual([]);
    });
  });

  describe("patients", () => {
    it("a patient is found by each of the guide's combinations, by GET, by POST and below US Core", async () => {
      const { id, gender, birthdate, phone, email, given, family } = firstPatient();
      const combinations = [
        { gender, birthdate, phone },
        { gender, birthdate, email },
        { gender, birthdate, phone, given },
        { gender, birthdate, email, given },
        { birthdate, family },
      ];
      for (const combination of combinations) {
        const query = new URLSearchParams(combination).toString();
        const headers = { "content-type": "application/x-www-form-urlencoded" };
        const answers = [
          await caller.get(`/fhir/Patient?${query}`),
          await caller.get(`/fhir/us-core/Patient?${query}`),
          await caller.send("/fhir/Patient/_search", { method: "POST", headers, body: query }),
        ];
        for (const answer of answers) {
          const found = (await bundleOf(answer)).entry?.map(({ resource }) => (resource as Patient).id);
          expect(found).toEqual([id]);
        }
      }
    });

    it("a patient search with an unknown parameter is refused without a request to the server", async () => {
      const before = test.simulator.log.length;
      expect(await outcomeOf(await caller.get("/fhir/Patient?name=x&gender=male"), 400)).toContain(
        "name is not a parameter",
      );
      expect(test.simulator.log.length).toBe(before);
    });

    it("the server's words reach the caller if it refuses a combination or a value", async () => {
      const combination = await outcomeOf(await caller.get("/fhir/Patient?gender=male"), 400);
      expect(combination).toContain("INVALID_SEARCH_PARAMETER");
      const { birthdate, phone } = firstPatient();
      const query = new URLSearchParams({ gender: "unknown-gender", birthdate, phone }).toString();
      expect(await outcomeOf(await caller.get(`/fhir/Patient?${query}`), 403)).toMatch(/gender/i);
    });
  });

  describe("resources", () => {
    it("a resource is passed on byte for byte", async () => {
      const { id, line } = firstPatient();
      const answer = await caller.get(`/fhir/Patient/${id}`);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toBe(line);
    });

    it("a search is read page by page to its end, and each page has the server's bytes except for its links", async () => {
      const { id } = firstPatient();
      const all = test.simulator.records.ofType("Observation").filter(({ patientId }) => patientId === id);
      expect(all.length).toBeGreaterThan(3);
      const pieces: string[] = [];
      let path: string | undefined = `/fhir/Observation?patient=${id}`;
      while (path !== undefined) {
        const answer = await caller.get(path);
        const text = await answer.clone().text();
        const bundle = await bundleOf(answer);
        expect(bundle.total).toBe(all.length);
        pieces.push(...text.slice(text.indexOf('"entry":[')).split('"resource":').slice(1));
        expect(JSON.stringify(bundle.link)).not.toContain(test.simulator.baseUrl);
        path = linkOf(bundle, "next");
      }
      const lines = pieces.map((piece) => piece.slice(0, piece.indexOf(',"search":{"mode":"match"}}')));
      expect(lines).toEqual(all.map(({ line }) => line));
    });

    it("the resources of the US Core profiles come from the server's us-core paths, by search and by read", async () => {
      const { id } = firstPatient();
      const { entry = [] } = await bundleOf(await caller.get(`/fhir/us-core/Condition?patient=${id}`));
      const [condition] = entry.map(({ resource }) => resource);
      const answer = await caller.get(`/fhir/us-core/Condition/${condition?.id ?? ""}`);
      expect(await answer.json()).toEqual(condition);
      expect((await caller.get(`/fhir/us-core/Patient/${id}`)).status).toBe(200);
      const paths = test.simulator.log.map(({ path }) => path).filter((path) => path.includes("/us-core/Condition"));
      expect(paths.length).toBe(2);
    });

    it("a cursor of another caller or another search is refused, and so is a changed one", async () => {
      const path = linkOf(await bundleOf(await caller.get("/fhir/Observation")), "next") ?? "";
      const before = test.simulator.log.length;
      const words = [
        await outcomeOf(await other.get(path), 400),
        await outcomeOf(await caller.get(path.replace("Observation", "Condition")), 400),
        await outcomeOf(await caller.get(path.replace(/.$/, (last) => (last === "A" ? "B" : "A"))), 400),
        await outcomeOf(await caller.get(`${path}&patient=1`), 400),
      ];
      for (const diagnostics of words) expect(diagnostics).toContain("_cursor");
      expect(test.simulator.log.length).toBe(before);
      expect((await caller.get(path)).status).toBe(200);
    });

    it("a missing resource and a type that the guide does not list get a 404", async () => {
      expect(await outcomeOf(await caller.get("/fhir/Condition/1"), 404)).toContain("Condition/1");
      expect(await outcomeOf(await caller.get("/fhir/Binary/1"), 404)).toContain("AllergyIntolerance");
    });
  });

  describe("CCDs", () => {
    it("CCDs are requested by demographics, waited for, and read by links that are valid for a minute", async () => {
      const { id, gender, birthdate: birthDate, email } = firstPatient();
      const headers = { "idempotency-key": "visit-1" };
      const request = await endedRequest(caller, { patient: { gender, birthDate, email } }, headers);
      expect(request.state).toBe("ready");
      expect(request.documents.length).toBeGreaterThan(0);
      for (const { href, bytes } of request.documents) {
        const link = await caller.send(href, { redirect: "manual" });
        expect(link.status).toBe(303);
        const location = link.headers.get("location") ?? "";
        expect(new URL(location).searchParams.get("X-Amz-Expires")).toBe("60");
        const text = await (await fetch(location)).text();
        expect([Buffer.byteLength(text), text.includes(`extension="${id}"`)]).toEqual([bytes, true]);
      }
      const again = await postCcdRequest(caller, { patient: { gender, birthDate, email } }, headers);
      expect([again.status, await requestOf(again)]).toEqual([200, request]);
      expect((await postCcdRequest(caller, { patientId: id }, headers)).status).toBe(422);
      const path = `/ccd-requests/${request.requestId}`;
      expect(await requestOf(await caller.get(path))).toEqual(request);
      const refused = [await other.get(path), await other.get(`${path}/documents/1`)];
      expect(refused.map(({ status }) => status)).toEqual([404, 404]);
    });

    it("a request for a period without encounters becomes ready without documents", async () => {
      const period = { startDate: "1901-01-01T00:00:00Z", endDate: "1901-12-31T00:00:00+05:00" };
      const request = await endedRequest(caller, { patientId: firstPatient().id, ...period });
      expect(request).toMatchObject({ state: "ready", documents: [], failure: null });
    });

    it("a POST that is repeated while the documents are fetched is the same request", async () => {
      const { id } = firstPatient();
      const { simulator } = test;
      const headers = { "idempotency-key": "visit-2" };
      simulator.settings.ccdDurationMs = 600_000;
      const first = await postCcdRequest(caller, { patientId: id }, headers);
      const second = await postCcdRequest(caller, { patientId: id }, headers);
      expect([first.status, second.status]).toEqual([202, 202]);
      expect(second.headers.get("location")).toBe(first.headers.get("location"));
      simulator.settings.ccdDurationMs = ccdDurationMs;
      simulator.completeServerRequests();
      expect((await endedRequest(caller, { patientId: id }, headers)).state).toBe("ready");
    });

    it("a request by demographics gets a 404 if no patient matches, and a 409 if several match", async () => {
      const { id, gender, birthdate: birthDate, email } = firstPatient();
      expect(
        (await postCcdRequest(caller, { patient: { gender, birthDate, email: "unknown@example.org" } })).status,
      ).toBe(404);
      const twin = test.simulator.addTwin(id, "Another");
      const several = await postCcdRequest(caller, { patient: { gender, birthDate, email } });
      const problem = (await several.json()) as { candidates: string[] };
      expect([several.status, problem.candidates.toSorted()]).toEqual([409, [id, twin].toSorted()]);
    });
  });

  it("the API's description needs no signature", async () => {
    const answer = await fetch(`${test.bridge.outputs.apiUrl}/openapi.json`);
    expect([answer.status, await answer.text()]).toEqual([200, renderOpenApi()]);
  });

  // This test must be the last, because the session has ended after it.
  it("a call gets a 503 with the remedy after the session has ended, and subscribers receive the event", async () => {
    await ageAccessToken(test, pastRefusedTooSoonMs);
    test.simulator.endSessions("portal-user");
    test.simulator.revokeUserTokens();
    const answer = await caller.get("/fhir/Condition");
    expect(await outcomeOf(answer, 503)).toContain("npm run session -- add");
    const { detail } = await test.awaitSessionEnd();
    expect(detail).toMatchObject({ sessionId: "service", refusal: "grant-refused" });
    expect(detail.message).toContain("npm run session -- add");
  });
});
