import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { userClient } from "#user-session/user-client.ts";

describe("the session's client that a Lambda makes of its environment", () => {
  beforeEach(() => {
    vi.stubEnv("INTEGRA_BASE_URL", "https://fhir.example/");
    vi.stubEnv("LEDGER_TABLE", "ledger");
    vi.stubEnv("SESSION_SECRET", "integra-bridge/test/user-session");
    vi.stubEnv("EVENT_BUS", "bus");
    vi.stubEnv("AWS_REGION", "us-east-1");
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("searches for patients where the guide does, or where the stage says", () => {
    expect(userClient().server.patientSearchPaths).toEqual({ r4: "Patient", "us-core": "us-core/patient" });
    vi.stubEnv("INTEGRA_PATIENT_SEARCH_PATHS", '{"us-core":"us-core/Patient"}');
    expect(userClient().server.patientSearchPaths).toEqual({ r4: "Patient", "us-core": "us-core/Patient" });
  });

  it("is not made of paths that lead elsewhere", () => {
    vi.stubEnv("INTEGRA_PATIENT_SEARCH_PATHS", '{"r4":"https://elsewhere.example/Patient"}');
    expect(() => userClient()).toThrow("INTEGRA_PATIENT_SEARCH_PATHS is malformed");
  });
});
