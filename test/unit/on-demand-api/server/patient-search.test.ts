import { afterEach, describe, expect, it } from "vitest";
import type { PatientSearchParameters } from "#on-demand-api/language/patient-search.ts";
import { matchPatient, patientSearchUrl, searchPatients } from "#on-demand-api/server/patient-search.ts";
import { userServer } from "#user-session/user-server.ts";
import {
  guideInvalidParameter,
  guideInvalidValue,
  guidePatient,
  guideUsCorePatient,
  jsonReply,
} from "../../../fixtures/guide-answers.ts";
import { testUserClient } from "../../../fixtures/user-client.ts";
import {
  says,
  startWireServer,
  type WatchedHttp,
  type WireReply,
  type WireServer,
  watchedHttp,
} from "../../../fixtures/wire-server.ts";

const guide = "https://portal.minerva.integracloud.com";
const asked: PatientSearchParameters = { gender: "male", birthdate: "1944-11-17", phone: "0648352638" };

interface Patient {
  id?: string;
  gender?: string;
  birthDate?: string;
}

const page = (patients: Patient[], next?: string): WireReply =>
  jsonReply(200, {
    resourceType: "Bundle",
    type: "searchset",
    entry: patients.map((patient) => ({ resource: { resourceType: "Patient", ...patient } })),
    ...(next === undefined ? {} : { link: [{ relation: "next", url: next }] }),
  });

describe("the URL of a patient search", () => {
  const vendor = userServer({ baseUrl: guide });

  it("is the guide's example", () => {
    expect(patientSearchUrl(vendor, "r4", { birthdate: "1996-07-08", family: "Steve" }).href).toBe(
      `${guide}/integra/fhir/r4/Patient?family=Steve&birthdate=1996-07-08`,
    );
  });

  it("of US Core is spelled as the guide spells it, or as the stage does", () => {
    expect(patientSearchUrl(vendor, "us-core", { gender: "male" }).href).toBe(
      `${guide}/integra/fhir/r4/us-core/patient?gender=male`,
    );
    const other = userServer({ baseUrl: guide, patientSearchPaths: { "us-core": "us-core/Patient" } });
    expect(patientSearchUrl(other, "us-core", { gender: "male" }).pathname).toMatch(/us-core\/Patient$/);
  });

  it("encodes what phone numbers and addresses are made of", () => {
    expect(patientSearchUrl(vendor, "r4", { phone: "+1 (912)294-1514", email: "a+b@x.example" }).search).toBe(
      "?phone=%2B1%20(912)294-1514&email=a%2Bb%40x.example",
    );
  });
});

describe("a patient search", () => {
  const open: (WireServer | WatchedHttp)[] = [];
  afterEach(async () => {
    for (const thing of open.splice(0)) await thing.close();
  });

  async function given(...replies: WireReply[]) {
    const wire = await startWireServer((_, number) => replies[number - 1] ?? replies.at(-1) ?? says(500));
    const watched = watchedHttp();
    open.push(watched, wire);
    return { wire, client: testUserClient(watched.http, wire.origin) };
  }

  it.each([
    ["r4", guidePatient, "1"],
    ["us-core", guideUsCorePatient, "110318733539"],
  ] as const)("takes the guide's bare Patient of %s, byte for byte", async (endpoint, bytes, id) => {
    const { client } = await given(says(200, { "content-type": "application/json" }, bytes));
    const found = await searchPatients(client, endpoint, { gender: "male" });
    expect(found.bytes.equals(bytes)).toBe(true);
    expect(found.patientIds).toEqual([id]);
    expect(await matchPatient(client, endpoint, { gender: "male" })).toEqual({ match: "one", patientId: id });
  });

  it.each([
    ["nobody", [], { match: "none" }],
    ["one", [{ id: "1" }], { match: "one", patientId: "1" }],
    ["one twice", [{ id: "1" }, { id: "1" }], { match: "one", patientId: "1" }],
    ["two", [{ id: "1" }, { id: "2" }], { match: "many", patientIds: ["1", "2"], complete: true }],
  ] satisfies [string, Patient[], unknown][])("that finds %s says so", async (_, patients, match) => {
    const { client } = await given(page(patients));
    expect(await matchPatient(client, "r4", asked)).toEqual(match);
  });

  it("counts patients only", async () => {
    const { client } = await given(
      jsonReply(200, {
        resourceType: "Bundle",
        entry: [
          { resource: { resourceType: "Patient", id: "1" } },
          { resource: { resourceType: "OperationOutcome" }, search: { mode: "outcome" } },
          { resource: { resourceType: "Organization", id: "o" }, search: { mode: "include" } },
        ],
      }),
    );
    expect((await searchPatients(client, "r4", asked)).patientIds).toEqual(["1"]);
    expect(await matchPatient(client, "r4", asked)).toEqual({ match: "one", patientId: "1" });
  });

  it("is read to its last page", async () => {
    const { client, wire } = await given(page([], "?page=2"), page([{ id: "1" }], "?page=3"), page([{ id: "2" }]));
    expect(await matchPatient(client, "r4", asked)).toEqual({ match: "many", patientIds: ["1", "2"], complete: true });
    expect(wire.requests.map(({ target }) => target.split("?")[1])).toEqual([
      "gender=male&birthdate=1944-11-17&phone=0648352638",
      "page=2",
      "page=3",
    ]);
  });

  it("is not read without end: ten pages are enough to know that there are many", async () => {
    const { client, wire } = await given(page([{ id: "1" }], "?more"), page([{ id: "2" }], "?more"));
    expect(await matchPatient(client, "r4", asked)).toEqual({ match: "many", patientIds: ["1", "2"], complete: false });
    expect(wire.requests).toHaveLength(10);
  });

  it("takes nobody for the one while there is more to read", async () => {
    const { client } = await given(page([{ id: "1" }], "?more"));
    await expect(matchPatient(client, "r4", asked)).rejects.toMatchObject({ name: "ServerUnavailable" });
  });

  it("does not lead to another origin", async () => {
    const { client } = await given(page([{ id: "1" }], "https://elsewhere.example/"));
    await expect(matchPatient(client, "r4", asked)).rejects.toMatchObject({ name: "OriginRefused" });
  });

  it.each([
    ["another birth date", { birthDate: "1944-11-18" }],
    ["another gender", { gender: "female" }],
    ["another year", { birthDate: "1943" }],
  ])("names nobody where a patient has %s than was asked for", async (_, other) => {
    const { client } = await given(page([{ id: "1", gender: "male", birthDate: "1944-11-17", ...other }]));
    expect(await matchPatient(client, "r4", asked)).toEqual({ match: "contradicted", patientIds: ["1"] });
  });

  it.each([
    ["says nothing of it", {}, asked],
    ["is as asked", { gender: "male", birthDate: "1944-11-17" }, asked],
    ["knows the year only", { birthDate: "1944" }, asked],
    ["was asked for by month", { birthDate: "1944-11-17" }, { birthdate: "1944-11" }],
    [
      "was asked for by a comparison, which is the server's to judge",
      { birthDate: "1996-01-01" },
      { birthdate: "ge1944" },
    ],
    [
      "was asked for by a token with its system",
      { gender: "male" },
      { gender: "http://hl7.org/fhir/administrative-gender|male" },
    ],
    ["was asked for as one of two", { gender: "male" }, { gender: "female,male" }],
    ["was asked for in capitals", { gender: "male" }, { gender: "Male" }],
  ] satisfies [string, Patient, PatientSearchParameters][])("names the one who %s", async (_, patient, parameters) => {
    const { client } = await given(page([{ id: "1", ...patient }]));
    expect(await matchPatient(client, "r4", parameters)).toEqual({ match: "one", patientId: "1" });
  });

  it("does not count a patient without an id as nobody", async () => {
    const { client } = await given(page([{ id: "1" }, {}]));
    await expect(matchPatient(client, "r4", asked)).rejects.toMatchObject({
      name: "ServerUnavailable",
      message: expect.stringContaining("without an id") as string,
    });
  });

  it.each([
    ["400", guideInvalidParameter, "invalid-parameter"],
    ["403", guideInvalidValue, "invalid-value"],
  ])("that the server refuses with the guide's %s is refused, and not nobody", async (_, reply, refusal) => {
    const { client } = await given(reply);
    const fault: unknown = await matchPatient(client, "r4", asked).catch((error: unknown) => error);
    expect(fault).toMatchObject({
      name: "ReadRefused",
      refusal,
      diagnostics: expect.stringContaining("INVALID_SEARCH_PARAMETER") as string,
    });
    expect((fault as Error).message).not.toMatch(/1944|0648352638/);
  });
});
