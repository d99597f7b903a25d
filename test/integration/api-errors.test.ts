import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiCaller, apiCaller } from "#local/api-caller.ts";
import type { FaultyEndpoint, ScriptedFault } from "#local/simulator/faults/fault-plan.ts";
import { ageAccessToken, pastRefusedTooSoonMs } from "../fixtures/aged-token.ts";
import { bundleOf, endedRequest, outcomeOf, postCcdRequest, problemOf, searchable } from "../fixtures/api-answers.ts";
import { type BridgeUnderTest, bridgeUnderTest } from "../fixtures/bridge-under-test.ts";

/** Traces of an HTML page in a message. */
const html = /[<>]|Tomcat\/|Error report/;

describe("errors of the on-demand API", () => {
  let test: BridgeUnderTest;
  let caller: ApiCaller;

  beforeAll(async () => {
    test = await bridgeUnderTest({ simulator: { patients: 4, searchCombinations: "guide", ccdDurationMs: 100 } });
    caller = apiCaller(test.bridge.outputs);
  });

  afterAll(async () => {
    await test.stop();
  });

  const firstPatient = () => searchable(test.simulator, 0);
  const script = (endpoint: FaultyEndpoint, ...faults: ScriptedFault[]) =>
    test.simulator.faults.script(endpoint, faults);
  const issuedTokens = () => test.simulator.log.filter(({ endpoint }) => endpoint === "user-token").length;

  describe("tokens that the server refuses", () => {
    // This test must be the first: the session's token is new then.
    it("a call gets a 502 if the server refuses a token that it has just issued", async () => {
      script("resource", { kind: "unauthorized" });
      expect(await outcomeOf(await caller.get("/fhir/Condition"), 502)).toContain("had just issued");
      expect(issuedTokens()).toBe(1);
    });

    it("a call succeeds with a renewed token if the server refuses an older one", async () => {
      await ageAccessToken(test, pastRefusedTooSoonMs);
      test.simulator.revokeUserTokens();
      expect((await bundleOf(await caller.get("/fhir/Condition"))).resourceType).toBe("Bundle");
      expect(issuedTokens()).toBe(2);
    });
  });

  describe("a renewed token that the server refuses", () => {
    it("a call gets a 502 after one renewal if the server also refuses the new token", async () => {
      await ageAccessToken(test, pastRefusedTooSoonMs);
      script("resource", { kind: "unauthorized" }, { kind: "unauthorized" });
      const diagnostics = await outcomeOf(await caller.get("/fhir/Condition"), 502);
      expect(diagnostics).toContain("refused a new access token");
      expect(diagnostics).not.toMatch(html);
      expect(test.simulator.faults.pending("resource")).toBe(0);
      test.simulator.faults.clear();
    });
  });

  describe("searches and reads", () => {
    it("the guide's 400 and 403 reach the caller with the server's words", async () => {
      const { birthdate, phone } = firstPatient();
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
      ["a patient search with an unknown parameter", "/fhir/Patient?pat=Integra", 400, "pat is not a parameter"],
      ["a search for a type that the guide does not list", "/fhir/Binary", 404, "AllergyIntolerance"],
      ["a search by patient for a type without a patient", "/fhir/Organization?patient=1", 400, "patient"],
      ["a search with a malformed cursor", "/fhir/Condition?_cursor=x", 400, "_cursor"],
    ])("%s is refused without a request to the server", async (_, path, status, words) => {
      const before = test.simulator.log.length;
      expect(await outcomeOf(await caller.get(path), status)).toContain(words);
      expect(test.simulator.log.length).toBe(before);
    });

    it.each([
      ["a 404", { kind: "status", status: 404, body: "html", words: "Not Found" }, 404],
      ["a 403", { kind: "status", status: 403, body: "html", words: "Access Denied" }, 403],
      ["a 500 of the portal", { kind: "status", status: 500, body: "html", words: "NullPointerException" }, 503],
      ["a 502 of a proxy", { kind: "status", status: 502, body: "html", words: "Bad Gateway" }, 503],
    ] as const)("Tomcat's page becomes an OperationOutcome with the page's words: %s", async (_, fault, status) => {
      script("resource", fault);
      const diagnostics = await outcomeOf(await caller.get("/fhir/Condition/1"), status);
      expect(diagnostics).not.toMatch(html);
      expect(diagnostics).toContain(fault.words);
    });

    it("a call gets a 503 if the server answers a search with status 200 and a page", async () => {
      script("patient-search", { kind: "garbage" });
      const { gender, birthdate, email } = firstPatient();
      const query = new URLSearchParams({ gender, birthdate, email }).toString();
      const answer = await caller.get(`/fhir/Patient?${query}`);
      expect(answer.headers.get("retry-after")).toBe("5");
      expect(await outcomeOf(answer, 503)).not.toMatch(html);
    });

    it.each([429, 503] as const)("the Retry-After of a %i reaches the caller", async (status) => {
      script("resource", { kind: "status", status, retryAfter: 17, words: "slow down" });
      const answer = await caller.get("/fhir/Condition");
      expect(answer.headers.get("retry-after")).toBe("17");
      expect(await outcomeOf(answer, 503)).toContain("slow down");
    });

    it("a call gets a 503 with Retry-After if the server closes the connection", async () => {
      // The function repeats the request at once if it went over a kept connection.
      script("resource", ...Array.from({ length: 5 }, () => ({ kind: "cut" }) as const));
      const answer = await caller.get("/fhir/Condition");
      test.simulator.faults.clear();
      expect(answer.headers.get("retry-after")).toBe("5");
      await outcomeOf(answer, 503);
    });
  });

  describe("requests for CCDs", () => {
    it.each([
      ["neither patientId nor patient", {}, "either patientId or patient"],
      [
        "both patientId and patient",
        { patientId: "1", patient: { gender: "male", birthDate: "2000-01-01", phone: "1" } },
        "either",
      ],
      [
        "too few details to search for the patient",
        { patient: { gender: "male", birthDate: "2000-01-01" } },
        "phone or email",
      ],
      ["a malformed id", { patientId: "../1" }, "patientId"],
      ["a malformed date", { patientId: "1", startDate: "yesterday" }, "startDate"],
      [
        "a period that ends before it begins",
        { patientId: "1", startDate: "2026-02-01T00:00:00Z", endDate: "2026-01-01T00:00:00Z" },
        "startDate is after endDate",
      ],
      ["an unknown field", { patientId: "1", name: "x" }, "name"],
      ["a body that is not an object", "1", "object"],
    ])("a request with %s is refused without a request to the server", async (_, body, words) => {
      const before = test.simulator.log.length;
      expect((await problemOf(await postCcdRequest(caller, body), 400)).detail).toContain(words);
      expect(test.simulator.log.length).toBe(before);
    });

    it("a body that is not JSON is refused without a quotation, and so is an Idempotency-Key that is too long", async () => {
      const answer = await caller.send("/ccd-requests", { method: "POST", body: "{ patientId: 4711" });
      expect(JSON.stringify(await problemOf(answer, 400))).not.toContain("4711");
      const keyed = await postCcdRequest(caller, { patientId: "1" }, { "idempotency-key": "x".repeat(300) });
      expect((await problemOf(keyed, 400)).title).toContain("Idempotency-Key");
    });

    it("a request by demographics gets a 503 with the server's words if the patient search fails", async () => {
      script("patient-search", { kind: "status", status: 500, body: "html", words: "Maintenance" });
      const { gender, birthdate: birthDate, email } = firstPatient();
      const { detail } = await problemOf(await postCcdRequest(caller, { patient: { gender, birthDate, email } }), 503);
      expect(detail).toContain("Maintenance");
      expect(detail).not.toMatch(html);
    });

    it("a request fails and names its fault if the server refuses the kick-off with a 400", async () => {
      script("ccd-request", { kind: "status", status: 400, body: "portal" });
      const { state, failure, documents } = await endedRequest(caller, { patientId: firstPatient().id });
      expect([state, documents]).toEqual(["failed", []]);
      expect(failure).toMatchObject({ name: "CcdRequestRefused", message: expect.stringContaining("HTTP 400") });
    });

    it("a request becomes ready after Tomcat's page for a nonce and a refused download", async () => {
      script("nonce", { kind: "status", status: 500, body: "html", words: "Access Denied" });
      script("ccd-download", { kind: "unauthorized" });
      const request = await endedRequest(caller, { patientId: firstPatient().id });
      expect(request).toMatchObject({ state: "ready", failure: null });
      expect([test.simulator.faults.pending("nonce"), test.simulator.faults.pending("ccd-download")]).toEqual([0, 0]);
    });

    it("a request fails with AccessRefused if the server refuses two nonces", async () => {
      test.simulator.settings.nonceLifetimeSeconds = 0;
      const { failure } = await endedRequest(caller, { patientId: firstPatient().id });
      test.simulator.settings.nonceLifetimeSeconds = 60;
      expect(failure).toMatchObject({
        name: "AccessRefused",
        message: expect.stringContaining("refused two nonces") as string,
      });
    });

    it("an unknown request, a missing document and a malformed id get a 404", async () => {
      const { requestId } = await endedRequest(caller, { patientId: firstPatient().id });
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
