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
const parameters: PatientSearchParameters = { gender: "male", birthdate: "1944-11-17", phone: "0648352638" };

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

  it("the URL of a patient search is the guide's example", () => {
    expect(patientSearchUrl(vendor, "r4", { birthdate: "1996-07-08", family: "Steve" }).href).toBe(
      `${guide}/integra/fhir/r4/Patient?family=Steve&birthdate=1996-07-08`,
    );
  });

  it("the URL of a US Core search has the guide's spelling, or the stage's", () => {
    expect(patientSearchUrl(vendor, "us-core", { gender: "male" }).href).toBe(
      `${guide}/integra/fhir/r4/us-core/patient?gender=male`,
    );
    const other = userServer({ baseUrl: guide, patientSearchPaths: { "us-core": "us-core/Patient" } });
    expect(patientSearchUrl(other, "us-core", { gender: "male" }).pathname).toMatch(/us-core\/Patient$/);
  });

  it("the characters of phone numbers and email addresses are percent-encoded", () => {
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
  ] as const)("the guide's bare Patient of the %s search is passed on byte for byte", async (endpoint, bytes, id) => {
    const { client } = await given(says(200, { "content-type": "application/json" }, bytes));
    const found = await searchPatients(client, endpoint, { gender: "male" });
    expect(found.bytes.equals(bytes)).toBe(true);
    expect(found.patientIds).toEqual([id]);
    expect(await matchPatient(client, endpoint, { gender: "male" })).toEqual({ match: "one", patientId: id });
  });

  it.each([
    ["no patient", [], { match: "none" }],
    ["one patient", [{ id: "1" }], { match: "one", patientId: "1" }],
    ["one patient twice", [{ id: "1" }, { id: "1" }], { match: "one", patientId: "1" }],
    ["two patients", [{ id: "1" }, { id: "2" }], { match: "many", patientIds: ["1", "2"], complete: true }],
  ] satisfies [string, Patient[], unknown][])(
    "a search that finds %s reports that match",
    async (_, patients, match) => {
      const { client } = await given(page(patients));
      expect(await matchPatient(client, "r4", parameters)).toEqual(match);
    },
  );

  it("only patients count as matches", async () => {
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
    expect((await searchPatients(client, "r4", parameters)).patientIds).toEqual(["1"]);
    expect(await matchPatient(client, "r4", parameters)).toEqual({ match: "one", patientId: "1" });
  });

  it("a patient search is read to its last page", async () => {
    const { client, wire } = await given(page([], "?page=2"), page([{ id: "1" }], "?page=3"), page([{ id: "2" }]));
    expect(await matchPatient(client, "r4", parameters)).toEqual({
      match: "many",
      patientIds: ["1", "2"],
      complete: true,
    });
    expect(wire.requests.map(({ target }) => target.split("?")[1])).toEqual([
      "gender=male&birthdate=1944-11-17&phone=0648352638",
      "page=2",
      "page=3",
    ]);
  });

  it("a patient search is read for ten pages at most", async () => {
    const { client, wire } = await given(page([{ id: "1" }], "?more"), page([{ id: "2" }], "?more"));
    expect(await matchPatient(client, "r4", parameters)).toEqual({
      match: "many",
      patientIds: ["1", "2"],
      complete: false,
    });
    expect(wire.requests).toHaveLength(10);
  });

  it("a search with one match and unread pages identifies no patient", async () => {
    const { client } = await given(page([{ id: "1" }], "?more"));
    await expect(matchPatient(client, "r4", parameters)).rejects.toMatchObject({ name: "ServerUnavailable" });
  });

  it("a patient search does not follow a link to another origin", async () => {
    const { client } = await given(page([{ id: "1" }], "https://elsewhere.example/"));
    await expect(matchPatient(client, "r4", parameters)).rejects.toMatchObject({ name: "OriginRefused" });
  });

  it.each([
    ["a different birth date", { birthDate: "1944-11-18" }],
    ["a different gender", { gender: "female" }],
    ["a different year of birth", { birthDate: "1943" }],
  ])("a search identifies no patient if a match has %s", async (_, other) => {
    const { client } = await given(page([{ id: "1", gender: "male", birthDate: "1944-11-17", ...other }]));
    expect(await matchPatient(client, "r4", parameters)).toEqual({ match: "contradicted", patientIds: ["1"] });
  });

  it.each([
    ["has no birth date and no gender", {}, parameters],
    ["equals the parameters", { gender: "male", birthDate: "1944-11-17" }, parameters],
    ["has only the year of birth", { birthDate: "1944" }, parameters],
    ["was searched by month", { birthDate: "1944-11-17" }, { birthdate: "1944-11" }],
    [
      "was searched with a comparator, which only the server can judge",
      { birthDate: "1996-01-01" },
      { birthdate: "ge1944" },
    ],
    [
      "was searched by a token with its system",
      { gender: "male" },
      { gender: "http://hl7.org/fhir/administrative-gender|male" },
    ],
    ["was searched by two codes", { gender: "male" }, { gender: "female,male" }],
    ["was searched with a capital letter", { gender: "male" }, { gender: "Male" }],
  ] satisfies [string, Patient, PatientSearchParameters][])(
    "a search identifies the one patient who %s",
    async (_, patient, search) => {
      const { client } = await given(page([{ id: "1", ...patient }]));
      expect(await matchPatient(client, "r4", search)).toEqual({ match: "one", patientId: "1" });
    },
  );

  it("a match without an id fails the search", async () => {
    const { client } = await given(page([{ id: "1" }, {}]));
    await expect(matchPatient(client, "r4", parameters)).rejects.toMatchObject({
      name: "ServerUnavailable",
      message: expect.stringContaining("without an id") as string,
    });
  });

  it.each([
    ["400", guideInvalidParameter, "invalid-parameter"],
    ["403", guideInvalidValue, "invalid-value"],
  ])(
    "a search that the server refuses with the guide's %s fails, and does not count as no match",
    async (_, reply, refusal) => {
      const { client } = await given(reply);
      const fault: unknown = await matchPatient(client, "r4", parameters).catch((error: unknown) => error);
      expect(fault).toMatchObject({
        name: "ReadRefused",
        refusal,
        diagnostics: expect.stringContaining("INVALID_SEARCH_PARAMETER") as string,
      });
      expect((fault as Error).message).not.toMatch(/1944|0648352638/);
    },
  );
});
