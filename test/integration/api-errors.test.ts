import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiCaller, apiCaller } from "#local/api-caller.ts";
import type { FaultyEndpoint, ScriptedFault } from "#local/simulator/faults/fault-plan.ts";
import { ageAccessToken, pastRefusedTooSoonMs } from "../fixtures/aged-token.ts";
import { bundleOf, outcomeOf, postCcdRequest, problemOf, requestOf, searchable } from "../fixtures/api-answers.ts";
import { type BridgeUnderTest, bridgeUnderTest } from "../fixtures/bridge-under-test.ts";

/** What a page of Tomcat's would leave. */
const html = /[<>]|Tomcat\/|Error report/;

describe("the API where something is wrong", () => {
  let test: BridgeUnderTest;
  let caller: ApiCaller;

  beforeAll(async () => {
    test = await bridgeUnderTest({ simulator: { patients: 4, searchCombinations: "guide", ccdDurationMs: 100 } });
    caller = apiCaller(test.bridge.outputs);
  });

  afterAll(async () => {
    await test.stop();
  });

  const somebody = () => searchable(test.simulator, 0);
  const script = (endpoint: FaultyEndpoint, ...faults: ScriptedFault[]) =>
    test.simulator.faults.script(endpoint, faults);
  const tokensGiven = () => test.simulator.log.filter(({ endpoint }) => endpoint === "user-token").length;

  describe("with the server's tokens", () => {
    // The first, while the session's token is new.
    it("says that the server is at fault where it refuses a token that it has just issued", async () => {
      script("resource", { kind: "unauthorized" });
      expect(await outcomeOf(await caller.get("/fhir/Condition"), 502)).toContain("had just issued");
      expect(tokensGiven()).toBe(1);
    });

    it("says nothing where an older token was refused: it is renewed, and the answer is there", async () => {
      await ageAccessToken(test, pastRefusedTooSoonMs);
      test.simulator.revokeUserTokens();
      expect((await bundleOf(await caller.get("/fhir/Condition"))).resourceType).toBe("Bundle");
      expect(tokensGiven()).toBe(2);
    });
  });

  describe("with tokens that are good for nothing", () => {
    it("renews the session's once, and says that the server is at fault where the new one is refused as well", async () => {
      await ageAccessToken(test, pastRefusedTooSoonMs);
      script("resource", { kind: "unauthorized" }, { kind: "unauthorized" });
      const said = await outcomeOf(await caller.get("/fhir/Condition"), 502);
      expect(said).toContain("refused a new access token");
      expect(said).not.toMatch(html);
      expect(test.simulator.faults.pending("resource")).toBe(0);
      test.simulator.faults.clear();
    });
  });

  describe("with what is searched for", () => {
    it("hands on the guide's 400 and 403, with the server's words", async () => {
      const { birthdate, phone } = somebody();
      const places = ["/fhir/Patient", "/fhir/us-core/Patient"];
      for (const place of places) {
        expect(await outcomeOf(await caller.get(`${place}?gender=male`), 400)).toContain("INVALID_SEARCH_PARAMETER");
        const query = new URLSearchParams({ gender: "xyz", birthdate, phone });
        expect(await outcomeOf(await caller.get(`${place}?${query.toString()}`), 403)).toContain(
          "INVALID_SEARCH_PARAMETER: for key [gender]",
        );
      }
      expect(await outcomeOf(await caller.get("/fhir/Condition?pat=Integra"), 400)).toContain(
        "INVALID_SEARCH_PARAMETER : pat",
      );
    });

    it.each([
      ["an unknown parameter of patients", "/fhir/Patient?pat=Integra", 400, "pat is not a parameter"],
      ["a type that the guide does not list", "/fhir/Binary", 404, "AllergyIntolerance"],
      ["a patient's resources where the type has none", "/fhir/Organization?patient=1", 400, "patient"],
      ["a cursor that is none", "/fhir/Condition?_cursor=x", 400, "_cursor"],
    ])("refuses %s without asking the server", async (_, path, status, words) => {
      const asked = test.simulator.log.length;
      expect(await outcomeOf(await caller.get(path), status)).toContain(words);
      expect(test.simulator.log.length).toBe(asked);
    });

    it.each([
      ["not there", { kind: "status", status: 404, body: "html", words: "Not Found" }, 404],
      ["forbidden", { kind: "status", status: 403, body: "html", words: "Access Denied" }, 403],
      ["a 500 of the portal", { kind: "status", status: 500, body: "html", words: "NullPointerException" }, 503],
      ["a 502 of a proxy", { kind: "status", status: 502, body: "html", words: "Bad Gateway" }, 503],
    ] as const)("puts Tomcat's page into words: %s", async (_, fault, status) => {
      script("resource", fault);
      const said = await outcomeOf(await caller.get("/fhir/Condition/1"), status);
      expect(said).not.toMatch(html);
      expect(said).toContain(fault.words);
    });

    it("takes a page under 200 for no answer", async () => {
      script("patient-search", { kind: "garbage" });
      const { gender, birthdate, email } = somebody();
      const query = new URLSearchParams({ gender, birthdate, email }).toString();
      const answer = await caller.get(`/fhir/Patient?${query}`);
      expect(answer.headers.get("retry-after")).toBe("5");
      expect(await outcomeOf(answer, 503)).not.toMatch(html);
    });

    it.each([429, 503] as const)("hands on when to ask again: %i", async (status) => {
      script("resource", { kind: "status", status, retryAfter: 17, words: "slow down" });
      const answer = await caller.get("/fhir/Condition");
      expect(answer.headers.get("retry-after")).toBe("17");
      expect(await outcomeOf(answer, 503)).toContain("slow down");
    });

    it("says so where the server cannot be reached", async () => {
      script("resource", { kind: "cut" });
      const answer = await caller.get("/fhir/Condition");
      expect(answer.headers.get("retry-after")).toBe("5");
      await outcomeOf(answer, 503);
    });
  });

  describe("with a request for CCDs", () => {
    it.each([
      ["neither patientId nor patient", {}, "either patientId or patient"],
      ["both", { patientId: "1", patient: { gender: "male", birthDate: "2000-01-01", phone: "1" } }, "either"],
      ["a patient who cannot be found", { patient: { gender: "male", birthDate: "2000-01-01" } }, "phone or email"],
      ["an id that is none", { patientId: "../1" }, "patientId"],
      ["a date that is none", { patientId: "1", startDate: "yesterday" }, "startDate"],
      [
        "a period that ends before it begins",
        { patientId: "1", startDate: "2026-02-01T00:00:00Z", endDate: "2026-01-01T00:00:00Z" },
        "startDate is after endDate",
      ],
      ["a field that is unknown", { patientId: "1", name: "x" }, "name"],
      ["no object", "1", "object"],
    ])("refuses %s, and asks nobody", async (_, body, words) => {
      const asked = test.simulator.log.length;
      expect((await problemOf(await postCcdRequest(caller, body), 400)).detail).toContain(words);
      expect(test.simulator.log.length).toBe(asked);
    });

    it("refuses what is not JSON without repeating it, and a key that is none", async () => {
      const answer = await caller.send("/ccd-requests", { method: "POST", body: "{ patientId: 4711" });
      expect(JSON.stringify(await problemOf(answer, 400))).not.toContain("4711");
      const keyed = await postCcdRequest(caller, { patientId: "1" }, { "idempotency-key": "x".repeat(300) });
      expect((await problemOf(keyed, 400)).title).toContain("Idempotency-Key");
    });

    it("says that the server did not search, with the server's words", async () => {
      script("patient-search", { kind: "status", status: 500, body: "html", words: "Maintenance" });
      const { gender, birthdate: birthDate, email } = somebody();
      const { detail } = await problemOf(await postCcdRequest(caller, { patient: { gender, birthDate, email } }), 503);
      expect(detail).toContain("Maintenance");
      expect(detail).not.toMatch(html);
    });

    it("shows how it failed where the server refuses the kick-off as the guide has it", async () => {
      script("ccd-request", { kind: "status", status: 400, body: "portal" });
      const asked = await postCcdRequest(caller, { patientId: somebody().id }, { prefer: "wait=20" });
      const { state, failure, documents } = await requestOf(asked);
      expect([asked.status, state, documents]).toEqual([200, "failed", []]);
      expect(failure).toMatchObject({ name: "CcdRequestRefused", message: expect.stringContaining("HTTP 400") });
    });

    it("gets the documents though a nonce was refused with Tomcat's page, and another was used", async () => {
      script("nonce", { kind: "status", status: 500, body: "html", words: "Access Denied" });
      script("ccd-download", { kind: "unauthorized" });
      const asked = await postCcdRequest(caller, { patientId: somebody().id }, { prefer: "wait=20" });
      expect(await requestOf(asked)).toMatchObject({ state: "ready", failure: null });
      expect([test.simulator.faults.pending("nonce"), test.simulator.faults.pending("ccd-download")]).toEqual([0, 0]);
    });

    it("fails where no nonce of the server's is good, after a few tries", async () => {
      test.simulator.settings.nonceLifetimeSeconds = 0;
      const asked = await postCcdRequest(caller, { patientId: somebody().id }, { prefer: "wait=20" });
      test.simulator.settings.nonceLifetimeSeconds = 60;
      expect((await requestOf(asked)).failure).toMatchObject({
        name: "AccessRefused",
        message: expect.stringContaining("refused two nonces") as string,
      });
    });

    it("does not know requests of others, documents that are not there, and ids that are none", async () => {
      const asked = await postCcdRequest(caller, { patientId: somebody().id }, { prefer: "wait=20" });
      const { requestId } = await requestOf(asked);
      for (const path of [
        `/ccd-requests/ccd-${"0".repeat(32)}`,
        "/ccd-requests/x",
        `/ccd-requests/${requestId}/documents/99`,
        `/ccd-requests/${requestId}/documents/x`,
      ])
        expect((await problemOf(await caller.get(path), 404)).title).toMatch(/^There is no such/);
    });
  });
});
