import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { API_TYPES, type ApiType } from "#local/simulator/records/resource-types.ts";
import {
  type Answer,
  accessTokenOf,
  send,
  startUserFixture,
  USER_ID,
  type UserFixture,
} from "#test/unit/local/simulator/user-client.ts";

const WITHOUT_PATIENT: readonly ApiType[] = [
  "Location",
  "Medication",
  "Organization",
  "Patient",
  "Practitioner",
  "PractitionerRole",
];
const WITH_PATIENT = API_TYPES.filter((type) => !WITHOUT_PATIENT.includes(type));

const bundleSchema = z.looseObject({
  total: z.number(),
  link: z.array(z.object({ relation: z.string(), url: z.string() })),
  entry: z.array(z.object({ resource: z.looseObject({ resourceType: z.string(), id: z.string() }) })).default([]),
});
type Bundle = z.infer<typeof bundleSchema>;

let fixture: UserFixture;
let patientId: string;
beforeAll(async () => {
  fixture = await startUserFixture();
  patientId = fixture.patientIds[2] ?? "";
});
afterAll(() => fixture.simulator.close());

const read = (target: string): Promise<Answer> => fixture.get(`integra/fhir/r4/${target}`);
const bundleOf = (answer: Answer): Bundle => bundleSchema.parse(answer.json());
const idsOf = ({ entry }: Bundle): string[] => entry.map(({ resource }) => resource.id);
const nextOf = ({ link }: Bundle): string | undefined => link.find(({ relation }) => relation === "next")?.url;
const follow = (url: string, token = fixture.token): Promise<Answer> =>
  send(url, { headers: { authorization: `Bearer ${token}` } });

describe("resources", () => {
  it("the FHIR API serves the guide's 29 types", () => {
    expect(API_TYPES).toHaveLength(29);
    expect(WITH_PATIENT).toHaveLength(23);
  });

  it.each(WITH_PATIENT)(
    "a search for %s by patient finds that patient's resources, and each can be read",
    async (type) => {
      const expected = fixture.simulator.records.ofPatient(patientId).filter((one) => one.type === type);
      const bundle = bundleOf(await read(`${type}?patient=${patientId}&_count=100`));
      expect(idsOf(bundle)).toEqual(expected.map(({ id }) => id));
      expect(bundle.total).toBe(expected.length);
      const [first] = fixture.simulator.records.ofType(type);
      const answer = await read(`${type}/${first?.id}`);
      expect([answer.status, answer.text]).toEqual([200, first?.line]);
      expect(bundleOf(await read(`Patient/${patientId}/${type}?_count=100`)).total).toBe(expected.length);
      expect(bundleOf(await read(`${type}?patient=Patient/${patientId}`)).total).toBe(expected.length);
    },
  );

  it.each(WITHOUT_PATIENT.filter((type) => type !== "Patient"))("%s has no search parameter patient", async (type) => {
    const answer = await read(`${type}?patient=${patientId}`);
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ issue: [{ diagnostics: "INVALID_SEARCH_PARAMETER : patient, " }] });
    const bundle = bundleOf(await read(type));
    expect(bundle.total).toBeGreaterThan(0);
    expect((await read(`${type}/${bundle.entry[0]?.resource.id}`)).status).toBe(200);
  });

  it("resources have the bytes of the export, alone and in a Bundle", async () => {
    const [file] = fixture.simulator.data.files({ level: "System", types: ["Observation"] });
    const line = (file?.body.toString("utf8") ?? "").split("\n").find((one) => /"value":\d+\.\d0[,}]/.test(one)) ?? "";
    const id = /"id":"(\d+)"/.exec(line)?.[1] ?? "";
    expect((await read(`Observation/${id}`)).text).toBe(line);
    expect((await read(`Observation?_id=${id}`)).text).toContain(`"resource":${line},`);
  });

  it("references lead to resources that can be read", async () => {
    const text = fixture.simulator.records
      .ofPatient(patientId)
      .map(({ line }) => line)
      .join("\n");
    const references = new Set([...text.matchAll(/"reference":"([^"]+)"/g)].map(([, reference = ""]) => reference));
    expect(references.size).toBeGreaterThan(20);
    for (const reference of references) expect([reference, (await read(reference)).status]).toEqual([reference, 200]);
  });

  it("the n-th patient has 1 + n modulo 3 encounters", async () => {
    const counts = await Promise.all(
      fixture.patientIds.map(async (id) => bundleOf(await read(`Encounter?patient=${id}`)).total),
    );
    expect(counts).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3, 1]);
  });

  it("a search is read page by page, and each resource is on one page", async () => {
    const whole = idsOf(bundleOf(await read(`Observation?patient=${patientId}&_count=200`)));
    const pages: string[][] = [];
    let answer = await read(`Observation?patient=${patientId}`);
    for (;;) {
      const bundle = bundleOf(answer);
      pages.push(idsOf(bundle));
      expect(bundle.total).toBe(whole.length);
      const next = nextOf(bundle);
      if (next === undefined) break;
      answer = await follow(next);
    }
    expect(pages.map((page) => page.length)).toEqual([20, whole.length - 20]);
    expect(pages.flat()).toEqual(whole);
  });

  it("only the user who began a search can read its pages", async () => {
    const next = nextOf(bundleOf(await read(`Observation?patient=${patientId}`))) ?? "";
    fixture.simulator.registerUser({ userId: "dora", patients: "all" });
    expect((await follow(next, await accessTokenOf(fixture.simulator, "dora"))).status).toBe(410);
    expect((await follow(next.replace(/_getpages=[^&]*/, "_getpages=none"))).status).toBe(410);
    expect((await follow(next)).status).toBe(200);
  });

  it("resources are searched by status, category and code", async () => {
    const vitals = bundleOf(await read(`Observation?patient=${patientId}&category=vital-signs&_count=100`));
    const system = encodeURIComponent("http://terminology.hl7.org/CodeSystem/observation-category|vital-signs");
    const bySystem = bundleOf(await read(`Observation?patient=${patientId}&category=${system}&_count=100`));
    const byOther = bundleOf(
      await read(`Observation?patient=${patientId}&category=${encodeURIComponent("x|vital-signs")}`),
    );
    // Five for each of three visits, and one pulse oximetry.
    expect([vitals.total, bySystem.total, byOther.total]).toEqual([16, 16, 0]);
    expect(bundleOf(await read(`Observation?patient=${patientId}&code=4548-4,718-7`)).total).toBe(6);
    expect(bundleOf(await read(`Observation?patient=${patientId}&status=preliminary`)).total).toBe(0);
  });

  it("a status outside of its value set gets 403, and an unknown parameter gets 400", async () => {
    const outside = await read(`Observation?patient=${patientId}&status=done`);
    expect(outside.status).toBe(403);
    expect(outside.json()).toMatchObject({ issue: [{ diagnostics: "INVALID_SEARCH_PARAMETER: for key [status]" }] });
    for (const query of ["foo=1", "_count=0", "_count=many"]) {
      expect((await read(`Observation?patient=${patientId}&${query}`)).status).toBe(400);
    }
  });

  it("an unknown resource or type gets 404", async () => {
    for (const target of ["Observation/1", "Patient/1", "Foo", "Foo/1", "observation"]) {
      const answer = await read(target);
      expect([target, answer.status]).toEqual([target, 404]);
      expect(answer.json()).toMatchObject({ resourceType: "OperationOutcome" });
    }
  });

  it("reading resources needs a bearer token", async () => {
    for (const target of ["Observation", "Observation/1", "Foo", ""]) {
      expect((await fixture.get(`integra/fhir/r4/${target}`.replace(/\/$/, ""), {})).status).toBe(401);
    }
  });

  it("resources of patients whom the user may not see are neither found nor read", async () => {
    const own = await startUserFixture({ users: [{ userId: USER_ID, patients: [patientId] }] });
    const [stranger = ""] = own.patientIds;
    const get = async (target: string): Promise<Answer> => own.get(`integra/fhir/r4/${target}`);
    expect(bundleOf(await get(`Condition?patient=${stranger}`)).total).toBe(0);
    const ids = idsOf(bundleOf(await get("Condition")));
    expect(ids).toEqual(idsOf(bundleOf(await get(`Condition?patient=${patientId}`))));
    const condition = own.simulator.records.ofPatient(stranger).find(({ type }) => type === "Condition");
    expect((await get(`Condition/${condition?.id}`)).status).toBe(404);
    expect((await get(`Patient/${stranger}`)).status).toBe(404);
    expect((await get(`Patient/${patientId}`)).status).toBe(200);
    await own.simulator.close();
  });
});
