import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Simulator, startSimulator } from "#local/simulator/simulator.ts";

describe("the capability statement", () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator({ clients: [], patients: 1 });
  });
  afterAll(() => simulator.close());

  it("needs no token, and names FHIR R4 and the types that can be read", async () => {
    const answer = await fetch(`${simulator.fhirBaseUrl}/metadata`);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/fhir+json;charset=UTF-8"]);
    expect(await answer.json()).toMatchObject({
      resourceType: "CapabilityStatement",
      fhirVersion: "4.0.1",
      rest: [{ resource: expect.arrayContaining([expect.objectContaining({ type: "Patient" })]) as unknown }],
    });
  });

  it("can only be read", async () => {
    expect((await fetch(`${simulator.fhirBaseUrl}/metadata`, { method: "POST" })).status).toBe(405);
  });
});
