import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exportRequestDetail, outputFormats } from "#bulk-export/language/export-request.ts";
import { maskedDetail } from "#bulk-export/language/masked-detail.ts";
import { schemaFaults } from "#bulk-export/language/schema-faults.ts";
import { exportTrigger } from "#bulk-export/language/triggers.ts";

const faultsOf = (detail: unknown): string[] => {
  const { error } = exportRequestDetail.safeParse(detail);
  return error === undefined ? [] : schemaFaults(error);
};

const valid = fc.record(
  {
    level: fc.constantFrom("patient", "group", "system"),
    groupId: fc.constantFrom("187419279", "age-below-5", "cohort.7"),
    types: fc.array(fc.constantFrom("Patient", "Observation"), { minLength: 1 }),
    since: fc.constantFrom("last-completed", "2026-01-31T00:00:00Z", "2026-01-31T00:00:00.123+05:30"),
    outputFormat: fc.constantFrom(...outputFormats),
    requestId: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/),
  },
  { requiredKeys: ["level"] },
);

const phi = "Jane Doe, born 1980-01-31";
const oddValue = fc.oneof(fc.constant(phi), fc.constant([phi, "Patient"]), fc.constant({ name: phi }), fc.jsonValue());
const fields = ["level", "groupId", "types", "since", "outputFormat", "requestId"] as const;
const invalid = fc
  .tuple(
    valid,
    fc.dictionary(fc.constantFrom(...fields), oddValue),
    fc.dictionary(fc.oneof(fc.constantFrom("patient", phi, "extra-field", "Doe, Jane"), fc.string()), oddValue),
  )
  .map(([right, wrong, unknown]): Record<string, unknown> => ({ ...unknown, ...right, ...wrong }));

describe("the masked detail of a request", () => {
  it("a valid detail is not changed by masking", () => {
    fc.assert(
      fc.property(valid, (detail) => {
        expect(maskedDetail(detail)).toEqual(detail);
      }),
    );
  });

  it("a masked detail has the same faults, but none of the values that caused them", () => {
    fc.assert(
      fc.property(invalid, (detail) => {
        const kept = maskedDetail(JSON.parse(JSON.stringify(detail)));
        expect(new Set(faultsOf(kept))).toEqual(new Set(faultsOf(detail)));
        expect(JSON.stringify(kept)).not.toMatch(/Jane|Doe|1980/);
      }),
      { examples: [[{ level: "patient", groupId: { length: 0 } }]] },
    );
  });

  it.each([
    ["a list", [phi]],
    ["a text", phi],
    ["a number", 19800131],
    ["nothing", null],
  ])("a detail that is %s is masked as null", (_, detail) => {
    expect(maskedDetail(detail)).toBeNull();
    expect(faultsOf(null)).toEqual(faultsOf(detail));
  });

  it("masking keeps values that name the fault: unknown groups and types, and days that do not exist", () => {
    const detail = { level: "group", groupId: "age-90", types: ["Spaceship"], since: "2026-02-30T00:00:00Z" };
    expect(maskedDetail(detail)).toEqual(detail);
  });

  it("a trigger's detail is masked when it is parsed", () => {
    const event = { id: "e1", source: "my.app", account: "123456789012", detail: { level: "patient", note: phi } };
    const schedule = { schedule: { name: "nightly", time: "2026-01-31T00:00:00Z" }, detail: { level: phi } };
    expect(exportTrigger.parse(event).detail).toEqual({ level: "patient", note: null });
    expect(JSON.stringify(exportTrigger.parse(schedule))).not.toContain("Jane");
  });
});
