import * as fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { knownPatient, nothingKnown } from "#ccd-retrieval/language/known-patient.ts";
import { parsePatient, readPatient } from "#ccd-retrieval/server/read-patient.ts";
import { guideInvalidValue, guidePatient, guideUsCorePatient, jsonReply } from "#test/fixtures/guide-answers.ts";
import { testUserClient } from "#test/fixtures/user-client.ts";
import {
  says,
  startWireServer,
  type WatchedHttp,
  type WireReply,
  type WireServer,
  watchedHttp,
} from "#test/fixtures/wire-server.ts";

const fhir = { "content-type": "application/fhir+json" };
const patient = (more: object) => ({ resourceType: "Patient", id: "17", ...more });

describe("readPatient", () => {
  const open: (WireServer | WatchedHttp)[] = [];
  afterEach(async () => {
    for (const thing of open.splice(0)) await thing.close();
  });

  async function reading(reply: WireReply, patientId = "17") {
    const wire = await startWireServer(() => reply);
    const watched = watchedHttp();
    open.push(watched, wire);
    return { wire, known: readPatient(testUserClient(watched.http, wire.origin), patientId) };
  }

  it("a Patient is read by its id, as the session's user", async () => {
    const { wire, known } = await reading(jsonReply(200, patient({})));
    expect(await known).toEqual(nothingKnown);
    expect(wire.requests[0]).toMatchObject({
      method: "GET",
      target: "/integra/fhir/r4/Patient/17",
      headers: { authorization: "Bearer token-1", accept: "application/fhir+json" },
    });
  });

  it("an id is encoded as one segment of the path", async () => {
    const { wire, known } = await reading(says(404), "../a?b#c/d");
    await expect(known).rejects.toMatchObject({ name: "ReadRefused" });
    expect(wire.requests[0]?.target).toBe("/integra/fhir/r4/Patient/..%2Fa%3Fb%23c%2Fd");
  });

  it("the guide's sample for US Core gives all names, and identifiers whose systems are not URIs", async () => {
    const { known } = await reading(says(200, fhir, guideUsCorePatient), "110318733539");
    expect(await known).toEqual({
      identifiers: [
        { system: "SSN", value: "260686207", types: ["SB"] },
        { system: "202", value: "354219", types: ["MR"] },
      ],
      demographics: {
        birthDate: "1943-06-19",
        gender: "male",
        names: [
          { family: "NICHOLS", given: ["GEORGE"] },
          { family: "NICHOLS", given: ["GEORGE J"] },
          { family: "Doe", given: ["John"] },
        ],
      },
    });
  });

  it("the guide's sample for R4 gives its identifier, birth date and name", async () => {
    const { known } = await reading(says(200, fhir, guidePatient), "1");
    expect(await known).toMatchObject({
      identifiers: [{ system: "urn:oid:2.16.840.1.113883.2.4.6.3", value: "738472983", types: ["MR"] }],
      demographics: { birthDate: "1944-11-17", names: [{ family: "van de Heuvel", given: ["Pieter"] }] },
    });
  });

  it.each([
    ["has another id", patient({ id: "18" })],
    ["has no id", { resourceType: "Patient" }],
    ["is not a Patient", { resourceType: "Person", id: "17" }],
    [
      "is one of two in a Bundle",
      { resourceType: "Bundle", entry: ["17", "18"].map((id) => ({ resource: patient({ id }) })) },
    ],
  ])("a resource that %s gives no patient", async (_, resource) => {
    const { known } = await reading(jsonReply(200, resource));
    expect(await known).toBeUndefined();
  });

  it.each([
    ["a 403", guideInvalidValue, "ReadRefused"],
    ["a 404", says(404), "ReadRefused"],
    ["a 503", says(503), "ServerUnavailable"],
    ["an HTML page", says(200, { "content-type": "text/html" }, "<html>"), "ServerUnavailable"],
  ])("%s is a fault without the patient's id in its message", async (_, reply, name) => {
    const { known } = await reading(reply, "id-of-jane");
    const fault: unknown = await known.catch((error: unknown) => error);
    expect(fault).toMatchObject({ name });
    expect(String(fault)).not.toContain("id-of-jane");
  });
});

const now = Date.parse("2026-03-01T12:00:00Z");
/** JSON leaves out undefined members. */
const parsed = z.looseObject({ resourceType: z.literal("Patient") });
const knownOf = (resource: object) => parsePatient(parsed.parse(JSON.parse(JSON.stringify(patient(resource)))), now);
const identified = (identifier: object) => knownOf({ identifier: [{ value: "A-1", ...identifier }] }).identifiers;

describe("parsePatient", () => {
  it.each([
    ["has no value", { value: undefined }],
    ["has a value that is not a text", { value: 7 }],
    ["has an empty value", { value: " " }],
    ["has the use old", { use: "old" }],
    ["has the use temp", { use: "temp" }],
    ["ended yesterday", { period: { end: "2026-02-28" } }],
    ["ended last month", { period: { end: "2026-02" } }],
    ["ended a minute ago", { period: { end: "2026-03-01T11:59:00Z" } }],
    ["ended at a time that cannot be read", { period: { end: "recently" } }],
  ])("an identifier that %s is left out", (_, identifier) => {
    expect(identified(identifier)).toEqual([]);
  });

  it.each([
    ["without a system", { system: undefined }, { system: null }],
    ["without a type", { type: "MR" }, { types: [] }],
    ["that ends today", { period: { end: "2026-03-01" } }, {}],
    ["that ends this year", { period: { end: "2026" } }, {}],
    ["that has begun", { period: { start: "2020" } }, {}],
    ["with white space around its value", { value: " A-1 " }, {}],
  ])("an identifier %s is kept", (_, identifier, kept) => {
    expect(identified({ system: "1.2", ...identifier })).toEqual([{ system: "1.2", value: "A-1", types: [], ...kept }]);
  });

  it("malformed parts of a Patient are left out, and the others are kept", () => {
    const resource = {
      birthDate: "19 June",
      gender: 1,
      name: ["Nichols", { family: 7, given: ["George", 7, ""] }, { text: "George Nichols" }, null],
      identifier: { value: "no list" },
    };
    expect(knownOf(resource)).toEqual({
      identifiers: [],
      demographics: {
        birthDate: null,
        gender: null,
        names: [
          { family: null, given: ["George"] },
          { family: null, given: [] },
        ],
      },
    });
  });

  it("every Patient fits into a ledger item", () => {
    const anything = fc.record({ identifier: fc.jsonValue(), name: fc.jsonValue(), birthDate: fc.string() });
    fc.assert(
      fc.property(anything, (resource) => {
        expect(knownPatient.safeParse(knownOf(resource)).success).toBe(true);
      }),
      { numRuns: 50 },
    );
    const long = "\u{20ac}".repeat(128);
    const coding = Array.from({ length: 100 }, () => ({ code: long }));
    const most = knownOf({
      identifier: Array.from({ length: 100 }, () => ({ system: long, value: long, type: { coding } })),
      name: Array.from({ length: 100 }, () => ({ family: long, given: Array(100).fill(long) })),
    });
    expect(Buffer.byteLength(JSON.stringify(most))).toBeLessThan(300_000);
    expect(most.identifiers.length).toBeGreaterThan(0);
  });
});
