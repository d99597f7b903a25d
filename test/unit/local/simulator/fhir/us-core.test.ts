import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { RESOURCE_TYPES } from "#local/simulator/records/resource-types.ts";
import { type Answer, startUserFixture, USER_ID, type UserFixture } from "#test/unit/local/simulator/user-client.ts";

/** The profiles of the guide's "List of US Core FHIR Resources"; its USCoreConditionCode is a parameter of us-core-condition. */
const GUIDE_PROFILES = [
  "us-core-allergyintolerance",
  "us-core-careplan",
  "us-core-careteam",
  "us-core-condition",
  "us-core-diagnosticreport-lab",
  "us-core-diagnosticreport-note",
  "us-core-documentreference",
  "us-core-encounter",
  "us-core-goal",
  "us-core-immunization",
  "us-core-implantable-device",
  "us-core-observation-lab",
  "us-core-location",
  "us-core-medication",
  "us-core-medicationrequest",
  "us-core-organization",
  "us-core-patient",
  "pediatric-bmi-for-age",
  "head-occipital-frontal-circumference-percentile",
  "pediatric-weight-for-height",
  "us-core-practitioner",
  "us-core-practitionerrole",
  "us-core-procedure",
  "us-core-provenance",
  "us-core-pulse-oximetry",
  "us-core-smokingstatus",
];

const resourceSchema = z.looseObject({
  resourceType: z.string(),
  id: z.string(),
  meta: z.looseObject({ profile: z.array(z.string()) }),
});
const bundleSchema = z.looseObject({
  total: z.number(),
  link: z.array(z.object({ relation: z.string(), url: z.string() })),
  entry: z.array(z.looseObject({ resource: resourceSchema })).default([]),
});

let fixture: UserFixture;
beforeAll(async () => {
  fixture = await startUserFixture({ resourcePageSize: 200 });
});
afterAll(() => fixture.simulator.close());

const get = (target: string): Promise<Answer> => fixture.get(`integra/fhir/r4/us-core/${target}`);
const search = async (target: string): Promise<z.infer<typeof bundleSchema>> =>
  bundleSchema.parse((await get(target)).json());

/** The profiles of all resources of a type, from every page of a search. */
async function profilesOf(type: string): Promise<string[]> {
  const profiles: string[] = [];
  let bundle = await search(type);
  for (;;) {
    profiles.push(...bundle.entry.flatMap(({ resource }) => resource.meta.profile));
    const next = bundle.link.find(({ relation }) => relation === "next")?.url;
    if (next === undefined) return profiles;
    bundle = bundleSchema.parse((await fixture.get(next.slice(fixture.simulator.baseUrl.length))).json());
  }
}

describe("the FHIR API below us-core/", () => {
  it("its resources have every profile of the guide's list", async () => {
    const profiles = new Set((await Promise.all(RESOURCE_TYPES.map(profilesOf))).flat());
    const base = "http://hl7.org/fhir/us/core/StructureDefinition/";
    expect([...profiles].every((profile) => profile.startsWith(base))).toBe(true);
    expect([...profiles].map((profile) => profile.slice(base.length))).toEqual(expect.arrayContaining(GUIDE_PROFILES));
  });

  it.each(RESOURCE_TYPES)("a search and a read of %s accept any case of the type", async (type) => {
    const { total, entry } = await search(type);
    expect(total).toBeGreaterThan(0);
    for (const spelling of [type.toLowerCase(), type.toUpperCase()]) expect((await search(spelling)).total).toBe(total);
    const first = entry[0]?.resource;
    for (const spelling of [type, type.toLowerCase()]) {
      const answer = await get(`${spelling}/${first?.id}`);
      expect([answer.status, answer.json()]).toEqual([200, first]);
    }
    expect(fixture.simulator.log.at(-1)?.endpoint).toBe("resource");
  });

  it("a search below us-core/ has the parameters of the plain one", async () => {
    const patientId = fixture.patientIds[1] ?? "";
    const { total, entry } = await search(`condition?patient=${patientId}&category=problem-list-item`);
    expect(total).toBe(2);
    expect(entry.every(({ resource }) => resource.resourceType === "Condition")).toBe(true);
    expect((await get("condition?foo=1")).status).toBe(400);
    expect((await get("observation?status=done")).status).toBe(403);
  });

  it("other types, unknown ids and patients whom the user may not see get 404, and no token gets 401", async () => {
    for (const target of ["Coverage", "Nonsense", "Nonsense/1", "Condition/1"]) {
      expect((await get(target)).status).toBe(404);
    }
    expect((await fixture.get("integra/fhir/r4/us-core/Condition", {})).status).toBe(401);
    fixture.simulator.registerUser({ userId: USER_ID, patients: [fixture.patientIds[0] ?? ""] });
    expect((await get(`Patient/${fixture.patientIds[1]}`)).status).toBe(404);
    expect((await get(`Patient/${fixture.patientIds[0]}`)).status).toBe(200);
    fixture.simulator.registerUser({ userId: USER_ID, patients: "all" });
  });
});
