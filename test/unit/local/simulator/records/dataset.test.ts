import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { REFERENCE_DATE } from "#local/simulator/records/age-groups.ts";
import { type DatasetSelection, generateDataset, syntheticDataset } from "#local/simulator/records/dataset.ts";
import { RESOURCE_TYPES } from "#local/simulator/records/resource-types.ts";

const resourceSchema = z.looseObject({
  resourceType: z.string(),
  id: z.string(),
  birthDate: z.string().default(""),
  meta: z.object({ lastUpdated: z.string(), profile: z.array(z.string()) }),
});

type Resource = z.infer<typeof resourceSchema>;

const data = generateDataset(7, 100, 10_000);

function linesOf(selection: DatasetSelection): string[] {
  return data.files(selection).flatMap(({ body }) => body.toString("utf8").trimEnd().split("\n"));
}

function linesCount(selection: DatasetSelection): number {
  return linesOf(selection).length;
}

function resourcesOf(selection: DatasetSelection): Resource[] {
  return linesOf(selection).map((line) => resourceSchema.parse(JSON.parse(line)));
}

function digest(seed: number): string {
  const hash = createHash("sha256");
  for (const { body } of generateDataset(seed, 50, 100).files({ level: "System" })) hash.update(body);
  return hash.digest("hex");
}

/** Whole years on the reference date. */
function ageOf({ birthDate }: Resource): number {
  const [year = 0, ...monthAndDay] = birthDate.split("-").map(Number);
  const [referenceYear = 0, ...reference] = REFERENCE_DATE.split("-").map(Number);
  const notYet = monthAndDay.join() !== reference.join() && birthDate.slice(5) > REFERENCE_DATE.slice(5);
  return referenceYear - year - (notYet ? 1 : 0);
}

describe("dataset", () => {
  it("the same seed makes the same dataset", () => {
    expect(digest(1)).toBe(digest(1));
    expect(digest(1)).not.toBe(digest(2));
  });

  it("the dataset keeps its bytes: other data from the same seed does not change it", () => {
    const hash = createHash("sha256");
    for (const { body } of generateDataset(7, 100, 10_000).files({ level: "System" })) hash.update(body);
    expect(hash.digest("hex")).toBe("42ba30fd6402cfac9c181adfb29dd4407144a5ebb00ad8462924cc8cb162a0a6");
  });

  it("the dataset has all supported types, unique ids and resolvable references", () => {
    const resources = resourcesOf({ level: "System" });
    expect([...new Set(resources.map(({ resourceType }) => resourceType))]).toEqual([...RESOURCE_TYPES]);
    const ids = new Set(resources.map(({ resourceType, id }) => `${resourceType}/${id}`));
    expect(ids.size).toBe(resources.length);
    for (const level of ["System", "Patient", "Group"] as const) {
      const text = linesOf({ level, groupId: "187419279" }).join("\n");
      const held = new Set(
        [...text.matchAll(/"resourceType":"(\w+)","id":"(\d+)"/g)].map(([, type, id]) => `${type}/${id}`),
      );
      const missing = [...text.matchAll(/"reference":"([^"]+)"/g)].filter(([, reference = ""]) => !held.has(reference));
      expect(missing).toEqual([]);
    }
    expect(resources.every(({ meta }) => meta.profile[0]?.includes("/us/core/"))).toBe(true);
  });

  it.each([
    ["187419279", 0, 4],
    ["275131468", 5, 18],
    ["383681350", 18, 35],
    ["424548118", 35, 55],
    ["517483350", 56, 120],
  ])("group %s has patients from %i to %i years", (groupId, youngest, oldest) => {
    const ages = resourcesOf({ level: "Group", groupId, types: ["Patient"] }).map(ageOf);
    expect(ages).toHaveLength(20);
    expect(Math.min(...ages)).toBeGreaterThanOrEqual(youngest);
    expect(Math.max(...ages)).toBeLessThanOrEqual(oldest);
  });

  it("a system-level export has more than a patient-level one, and a group has less", () => {
    expect(linesCount({ level: "System" })).toBeGreaterThan(linesCount({ level: "Patient" }));
    expect(linesCount({ level: "Patient" })).toBeGreaterThan(linesCount({ level: "Group", groupId: "187419279" }));
  });

  it("a point in time splits the dataset without gap or overlap", () => {
    const time = "2023-03-01T00:00:00Z";
    const before = resourcesOf({ level: "Patient", transactionTime: time });
    const after = resourcesOf({ level: "Patient", since: time });
    expect(before.length + after.length).toBe(resourcesOf({ level: "Patient" }).length);
    expect(after.every(({ meta }) => Date.parse(meta.lastUpdated) > Date.parse(time))).toBe(true);
  });

  it("the dataset has decimals with trailing zeros, and characters of two, three and more bytes", () => {
    const text = linesOf({ level: "System" }).join("\n");
    expect(/"value":\d+\.\d0[,}]/.test(text)).toBe(true);
    expect(text.includes("@decimal")).toBe(false);
    expect(["é", "ł", "日本"].filter((name) => !text.includes(name))).toEqual([]);
    for (const { body } of data.files({ level: "System" })) expect(body.at(-1)).toBe(0x0a);
  });

  it("a synthetic dataset has many small files, made on demand", () => {
    const files = syntheticDataset({ count: 5000, linesPerFile: 3 }).files({ level: "Patient" });
    expect(files).toHaveLength(5000);
    expect(files[4999]).toMatchObject({ fileName: "observation_file_5000.ndjson", type: "Observation", lines: 3 });
    expect(files[4999]?.body.toString("utf8").split("\n")).toHaveLength(4);
  });
});
