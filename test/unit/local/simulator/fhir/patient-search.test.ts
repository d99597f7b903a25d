import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { demographicsOf } from "#local/simulator/records/patient-profile.ts";
import { type Answer, startUserFixture, USER_ID, type UserFixture } from "#test/unit/local/simulator/user-client.ts";

/** As the guide prints it under "Response Code – 400 Bad Request example", with the table cell of its 403 example. */
const BAD_REQUEST = {
  issue: [{ severity: "error", diagnostics: "INVALID_SEARCH_PARAMETER : pat, ", code: "exception" }],
  text: {
    div: '<div xmlns="http://www.w3.org/1999/xhtml"><h1>Operation Outcome</h1><table border="0"><tr><td style="font-weight: bold;">ERROR</td><td>[]</td><td><pre>INVALID_SEARCH_PARAMETER : pat, </pre></td></tr></table></div>',
    status: "generated",
  },
  resourceType: "OperationOutcome",
};

/** As the guide prints it under "Response Code – 403 Forbidden example". */
const FORBIDDEN = {
  issue: [{ severity: "error", diagnostics: "INVALID_SEARCH_PARAMETER: for key [gender]", code: "exception" }],
  text: {
    div: '<div xmlns="http://www.w3.org/1999/xhtml"><h1>Operation Outcome</h1><table border="0"><tr><td style="font-weight: bold;">ERROR</td><td>[]</td><td><pre>INVALID_SEARCH_PARAMETER: for key [gender]</pre></td></tr></table></div>',
    status: "generated",
  },
  resourceType: "OperationOutcome",
};

const bundleSchema = z.looseObject({
  resourceType: z.literal("Bundle"),
  type: z.literal("searchset"),
  total: z.number(),
  link: z.array(z.object({ relation: z.string(), url: z.string() })),
  entry: z
    .array(z.object({ fullUrl: z.string(), resource: z.looseObject({ id: z.string() }), search: z.unknown() }))
    .default([]),
});

let fixture: UserFixture;
let patient: ReturnType<typeof demographicsOf>;
beforeEach(async () => {
  fixture = await startUserFixture({ patients: 40 });
  patient = demographicsOf(fixture.simulator.records.ofType("Patient")[7]?.line ?? "");
});
afterEach(() => fixture.simulator.close());

const search = (parameters: Record<string, string>, path = "integra/fhir/r4/Patient"): Promise<Answer> =>
  fixture.get(`${path}?${new URLSearchParams(parameters).toString()}`);
const idsOf = (answer: Answer): string[] => bundleSchema.parse(answer.json()).entry.map(({ resource }) => resource.id);
const telecom = (system: string): string => patient.telecom.find((one) => one.system === system)?.value ?? "";
const given = (): string => patient.name[0]?.given?.[0] ?? "";
const who = (): { gender: string; birthdate: string } => ({ gender: patient.gender, birthdate: patient.birthDate });

describe("search for patients", () => {
  it.each([
    ["phone", () => ({ ...who(), phone: telecom("phone") })],
    ["email", () => ({ ...who(), email: telecom("email") })],
    ["given and phone", () => ({ ...who(), given: given(), phone: telecom("phone") })],
    ["given and email", () => ({ ...who(), given: given(), email: telecom("email") })],
    ["digits of the phone only", () => ({ ...who(), phone: telecom("phone").replaceAll(/\D/g, "") })],
    [
      "family and birthdate, as in the example",
      () => ({ family: patient.name[0]?.family ?? "", birthdate: patient.birthDate }),
    ],
  ])("a search finds the patient by %s", async (_, parameters) => {
    const answer = await search(parameters());
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe("application/fhir+json;charset=UTF-8");
    expect(idsOf(answer)).toEqual([patient.id]);
  });

  it.each(["integra/fhir/r4/patient", "integra/fhir/r4/us-core/patient", "integra/fhir/r4/us-core/Patient"])(
    "a search is also answered at %s",
    async (path) => {
      expect(idsOf(await search({ ...who(), phone: telecom("phone") }, path))).toEqual([patient.id]);
    },
  );

  it("a search answers a searchset Bundle with total and links, without entry if no patient matches", async () => {
    const found = bundleSchema.parse((await search(who())).json());
    expect([found.total, found.link[0]?.relation]).toEqual([1, "self"]);
    expect(found.entry[0]?.fullUrl).toBe(`${fixture.simulator.baseUrl}integra/fhir/r4/Patient/${patient.id}`);
    expect(found.entry[0]?.search).toEqual({ mode: "match" });
    const none = await search({ ...who(), phone: "(912)555-0000" });
    expect(none.json()).toMatchObject({ total: 0 });
    expect(none.text).not.toContain("entry");
  });

  it("a search ignores case and accents of names, and accepts their beginning", async () => {
    const accented = fixture.simulator.records
      .ofType("Patient")
      .map(({ line }) => demographicsOf(line))
      .find(({ name }) => name[0]?.given?.[0] === "José");
    const query = { birthdate: accented?.birthDate ?? "", given: "JOSE" };
    expect(idsOf(await search(query))).toEqual([accented?.id]);
    expect(idsOf(await search({ ...query, given: "ose" }))).toEqual([]);
  });

  it("a search distinguishes twins by the given name", async () => {
    const twin = fixture.simulator.addTwin(patient.id, "Quentin");
    expect(idsOf(await search({ ...who(), phone: telecom("phone") }))).toEqual([patient.id, twin]);
    expect(idsOf(await search({ ...who(), given: "quentin", phone: telecom("phone") }))).toEqual([twin]);
    const numbers = [patient.id, twin].map((id) =>
      demographicsOf(fixture.simulator.records.find("Patient", id)?.line ?? ""),
    );
    expect(new Set(numbers.map(({ identifier }) => identifier[0]?.value)).size).toBe(2);
  });

  it("a search answers unknown parameters as the guide prints it", async () => {
    for (const path of ["integra/fhir/r4/us-core/patient", "integra/fhir/r4/patient"]) {
      const answer = await search({ pat: "Integra" }, path);
      expect([answer.status, answer.json()]).toEqual([400, BAD_REQUEST]);
    }
    expect((await search({ birthdate: "July" })).json()).toMatchObject({
      issue: [{ diagnostics: "INVALID_SEARCH_PARAMETER : birthdate, " }],
    });
  });

  it("a search answers a value outside of its value set as the guide prints it", async () => {
    for (const path of ["integra/fhir/r4/Patient", "integra/fhir/r4/us-core/Patient"]) {
      const answer = await search({ gender: "xyz" }, path);
      expect([answer.status, answer.json()]).toEqual([403, FORBIDDEN]);
    }
  });

  it("a search answers Tomcat's 401 page without a valid bearer token, and accepts only GET", async () => {
    for (const headers of [{}, { authorization: "Bearer made-up" }, { "x-auth-token": fixture.token }]) {
      const answer = await fixture.get("integra/fhir/r4/Patient?gender=male", { ...headers });
      expect(answer.status).toBe(401);
      expect(answer.text).toContain("<h1>HTTP Status 401 - Access Denied</h1>");
      expect(answer.text).toContain("This request requires HTTP authentication.");
    }
    expect((await fixture.post("integra/fhir/r4/Patient", {})).status).toBe(405);
  });

  it("a search finds only patients whom the user may see", async () => {
    const [other = ""] = fixture.patientIds;
    fixture.simulator.registerUser({ userId: USER_ID, patients: [other] });
    expect(idsOf(await search({ ...who(), phone: telecom("phone") }))).toEqual([]);
    expect(idsOf(await search({}))).toEqual([other]);
  });

  it("patientSearchAnswer bare-when-single answers a single match without a Bundle, like the guide's sample", async () => {
    fixture.simulator.settings.patientSearchAnswer = "bare-when-single";
    expect((await search(who())).json()).toMatchObject({ resourceType: "Patient", id: patient.id });
    expect((await search({ gender: "male" })).json()).toMatchObject({ resourceType: "Bundle" });
    expect((await search({ ...who(), phone: "0" })).json()).toMatchObject({ resourceType: "Bundle", total: 0 });
  });

  it("searchCombinations guide accepts only the guide's combinations", async () => {
    fixture.simulator.settings.searchCombinations = "guide";
    expect((await search({ ...who(), phone: telecom("phone") })).status).toBe(200);
    expect((await search({ family: "Smith", birthdate: "1996-07-08" })).status).toBe(200);
    expect((await search(who())).status).toBe(400);
  });
});
