import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { userClients } from "#user-session/user-client.ts";

describe("the client of a user session from a Lambda's environment", () => {
  beforeEach(() => {
    vi.stubEnv("INTEGRA_BASE_URL", "https://fhir.example/");
    vi.stubEnv("LEDGER_TABLE", "ledger");
    vi.stubEnv("SESSION_SECRET", "integra-bridge/test/user-session");
    vi.stubEnv("SMART_CLIENT_SECRET", "integra-bridge/test/smart-client");
    vi.stubEnv("EVENT_BUS", "bus");
    vi.stubEnv("AWS_REGION", "us-east-1");
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("the client has the guide's patient search paths, or those of the stage", () => {
    expect(userClients().service.server.patientSearchPaths).toEqual({ r4: "Patient", "us-core": "us-core/patient" });
    vi.stubEnv("INTEGRA_PATIENT_SEARCH_PATHS", '{"us-core":"us-core/Patient"}');
    expect(userClients().service.server.patientSearchPaths).toEqual({ r4: "Patient", "us-core": "us-core/Patient" });
  });

  it("the client has the assumed paths of US Core, or those of the stage", () => {
    expect(userClients().service.server.usCorePaths).toEqual({ base: "us-core", spelling: "as-in-fhir" });
    vi.stubEnv("INTEGRA_US_CORE_PATHS", '{"base":"uscore"}');
    expect(userClients().service.server.usCorePaths).toEqual({ base: "uscore", spelling: "as-in-fhir" });
    vi.stubEnv("INTEGRA_US_CORE_PATHS", '{"base":"//elsewhere.example"}');
    expect(() => userClients().service).toThrow("INTEGRA_US_CORE_PATHS is malformed");
  });

  it("a patient search path that leads to another server is refused", () => {
    vi.stubEnv("INTEGRA_PATIENT_SEARCH_PATHS", '{"r4":"https://elsewhere.example/Patient"}');
    expect(() => userClients().service).toThrow("INTEGRA_PATIENT_SEARCH_PATHS is malformed");
  });
});
