import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import type { Simulator } from "#local/simulator/simulator.ts";
import { ccdRequestBody, DEVICE_HEADERS } from "../user-client.ts";
import {
  exchangeForm,
  fhir,
  fhirStatus,
  launch,
  postToken,
  signIn,
  startSmartSimulator,
  submit,
  type Tokens,
  tokensSchema,
} from "./launch-client.ts";

const bundleSchema = z.looseObject({
  link: z.array(z.object({ relation: z.string(), url: z.string() })),
  entry: z.array(z.looseObject({ resource: z.looseObject({ id: z.string() }) })).default([]),
});

let simulator: Simulator;
let chosen: string;
let other: string;
beforeEach(async () => {
  simulator = await startSmartSimulator({ ccdDurationMs: 0 });
  [, chosen = "", other = ""] = simulator.records.ofType("Patient").map(({ id }) => id);
});
afterEach(() => simulator.close());

const post = (token: string, target: string, body: unknown): Promise<Response> =>
  fetch(`${simulator.baseUrl}integra/${target}`, {
    method: "POST",
    headers: { ...DEVICE_HEADERS, "x-auth-token": token },
    body: JSON.stringify(body),
  });
const searched = async (token: string, target: string): Promise<z.infer<typeof bundleSchema>> =>
  bundleSchema.parse(await (await fhir(simulator, token, target)).json());
/** A launch of the guardian for the patient. */
const launchFor = async (patient: string): Promise<Tokens> => {
  const choice = await signIn(simulator, "gus");
  const view = await submit(await submit(choice.view, { patient }), { decision: "allow" });
  return tokensSchema.parse((await postToken(simulator, exchangeForm({ ...choice, view }))).body);
};

describe("a session with a patient", () => {
  it("reads and searches this patient only, although the user may see others", async () => {
    const { access_token: token, patient } = await launchFor(chosen);
    expect(patient).toBe(chosen);
    const ids = (await searched(token, "Patient")).entry.map(({ resource }) => resource.id);
    expect(ids).toEqual([chosen]);
    const foreign = simulator.records.ofPatient(other).find(({ type }) => type === "Condition")?.id ?? "";
    const statuses: Record<string, number> = {};
    for (const target of [
      `Patient/${chosen}`,
      `Patient/${other}`,
      `Condition?patient=${chosen}`,
      `Condition?patient=${other}`,
      `Condition?patient=Patient/${other}`,
      `Patient/${other}/Condition`,
      `us-core/patient/${other}`,
      `Condition/${foreign}`,
    ]) {
      statuses[target.replaceAll(chosen, "chosen").replaceAll(other, "other").replaceAll(foreign, "foreign")] =
        await fhirStatus(simulator, token, target);
    }
    expect(statuses).toEqual({
      "Patient/chosen": 200,
      "Patient/other": 403,
      "Condition?patient=chosen": 200,
      "Condition?patient=other": 403,
      "Condition?patient=Patient/other": 403,
      "Patient/other/Condition": 403,
      "us-core/patient/other": 403,
      "Condition/foreign": 403,
    });
    const conditions = (await searched(token, "Condition?_count=200")).entry.map(({ resource }) => resource.id);
    expect(conditions.length).toBeGreaterThan(0);
    expect(conditions).not.toContain(foreign);
  });

  it("does not reveal a patient whom the user may not see", async () => {
    const { access_token: token } = await launchFor(chosen);
    const [foreign = ""] = simulator.records.ofType("Patient").map(({ id }) => id);
    expect(await fhirStatus(simulator, token, `Patient/${foreign}`)).toBe(404);
  });

  it("reads no further page of another session's search", async () => {
    const [first, second] = [await launchFor(chosen), await launchFor(other)];
    const { link } = await searched(first.access_token, "Observation?_count=1");
    const next = link.find(({ relation }) => relation === "next")?.url ?? "";
    const status = async ({ access_token }: Tokens): Promise<number> =>
      (await fetch(next, { headers: { authorization: `Bearer ${access_token}` } })).status;
    expect([await status(second), await status(first)]).toEqual([410, 200]);
  });

  it("requests and downloads documents of this patient only", async () => {
    const [tokens, foreign] = [await launchFor(chosen), await launchFor(other)];
    const path = "MoBulkExport/createBulkExportRequest";
    expect((await post(tokens.access_token, path, ccdRequestBody(other))).status).toBe(403);
    const accepted = await post(tokens.access_token, path, ccdRequestBody(chosen));
    expect(accepted.status).toBe(200);
    const { bulkActionRequest: id } = z.object({ bulkActionRequest: z.string() }).parse(await accepted.json());
    const download = async ({ access_token }: Tokens): Promise<number> => {
      const nonce = await post(access_token, "moNonce/generateNonceToken", {});
      const { nonceToken } = z.object({ nonceToken: z.string() }).parse(await nonce.json());
      const url = `${simulator.baseUrl}integra/MoBulkDownload/bulkDownload?id=${id}&nonceToken=${nonceToken}`;
      return (await fetch(url)).status;
    };
    expect([await download(foreign), await download(tokens)]).toEqual([403, 200]);
  });
});

describe("scopes of a session", () => {
  it("limit the types, if the app asked for scopes of resources", async () => {
    const { access_token: token } = await launch(simulator, "pat", {
      scope: "openid patient/Patient.r patient/Condition.read",
    });
    const [own = ""] = simulator.records.ofType("Patient").map(({ id }) => id);
    expect(await fhirStatus(simulator, token, `Patient/${own}`)).toBe(200);
    expect(await fhirStatus(simulator, token, "Patient")).toBe(403);
    expect(await fhirStatus(simulator, token, "Condition")).toBe(200);
    expect(await fhirStatus(simulator, token, "Observation")).toBe(403);
  });

  it("permit nothing if the user granted none of them", async () => {
    const { view, verifier } = await signIn(simulator, "pat");
    const granted = await submit(view, { decision: "allow", scope: ["openid"] });
    const { body } = await postToken(simulator, exchangeForm({ view: granted, verifier }));
    expect(body["scope"]).toBe("openid launch/patient");
    expect(await fhirStatus(simulator, String(body["access_token"]), "Condition")).toBe(403);
  });

  it("do not limit an app that asks for none of resources, as the guide has it", async () => {
    const { access_token: token } = await launch(simulator, "gus", { scope: "openid offline" });
    expect((await searched(token, "Patient")).entry).toHaveLength(3);
    expect(await fhirStatus(simulator, token, "Observation")).toBe(200);
  });
});
