import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ExportRequest } from "#bulk-export/language/export-request.ts";
import { answersAnotherRequest } from "#bulk-export/server/manifest-request.ts";

describe("a manifest's request", () => {
  const group: ExportRequest = { level: "group", groupId: "275131468", outputFormat: "application/fhir+ndjson" };
  const patient: ExportRequest = { level: "patient", outputFormat: "application/fhir+ndjson" };
  const server = "https://portal.minerva.integracloud.com/integra/fhir-export/r4/bulkExport";

  it.each([
    ["our own URL", `${server}/Group/275131468/$export?_outputFormat=application%2Ffhir%2Bndjson`, group],
    ["the guide's [base]", "[base]/Group/275131468/$export", group],
    ["an encoded dollar", `${server}/Group/275131468/%24export`, group],
    ["an encoded dollar in lower case and a slash", `${server}/Group/275131468/%24export/`, group],
    ["the guide's lower case", "[base]/patient/$export", patient],
    ["system level", `${server}/$export`, { ...patient, level: "system" }],
    ["a bare $export", "$export", { ...patient, level: "system" }],
    [
      "types in another order",
      "[base]/Patient/$export?_type=Patient,Observation",
      { ...patient, types: ["Observation", "Patient"] },
    ],
    [
      "types in several parameters",
      "[base]/Patient/$export?_type=Patient&_type=Observation",
      { ...patient, types: ["Observation", "Patient"] },
    ],
    [
      "encoded commas",
      "[base]/Patient/$export?_type=Patient%2CObservation",
      { ...patient, types: ["Observation", "Patient"] },
    ],
    [
      "since as another spelling of the same instant",
      "[base]/Patient/$export?_since=2026-01-31T00:00:00.000Z",
      { ...patient, since: "2026-01-31T05:30:00+05:30" },
    ],
    [
      "since with a plus sign that was not encoded",
      "[base]/Patient/$export?_since=2026-01-31T05:30:00+05:30",
      { ...patient, since: "2026-01-31T05:30:00+05:30" },
    ],
    [
      "since in a leap second, word for word",
      "[base]/Patient/$export?_since=2016-12-31T23:59:60Z",
      { ...patient, since: "2016-12-31T23:59:60Z" },
    ],
  ] satisfies [string, string, ExportRequest][])(
    "a manifest answers our request if it has %s",
    (_, request, requested) => {
      expect(answersAnotherRequest(request, requested)).toBe(false);
    },
  );

  it.each([
    ["another level", `${server}/Patient/$export`, group],
    ["system level instead of a group", `${server}/$export`, group],
    ["another group", `${server}/Group/383681350/$export`, group],
    ["types although ours has none", "[base]/Patient/$export?_type=Patient", patient],
    ["fewer types", "[base]/Patient/$export?_type=Patient", { ...patient, types: ["Patient", "Observation"] }],
    ["no types although ours has some", "[base]/Patient/$export", { ...patient, types: ["Patient"] }],
    [
      "another since",
      "[base]/Patient/$export?_since=2026-01-31T00:00:00Z",
      { ...patient, since: "2026-01-30T00:00:00Z" },
    ],
    ["a since although ours has none", "[base]/Patient/$export?_since=2026-01-31T00:00:00Z", patient],
    ["no since although ours has one", "[base]/Patient/$export", { ...patient, since: "2026-01-30T00:00:00Z" }],
  ] satisfies [string, string, ExportRequest][])(
    "a manifest answers another request if it has %s",
    (_, request, requested) => {
      expect(answersAnotherRequest(request, requested)).toBe(true);
    },
  );

  it.each(["", "?", "https://portal.example/jobs/17", "an export", "[base]/Patient/$everything"])(
    "the manifest's request %j proves nothing, and counts as ours",
    (request) => {
      expect(answersAnotherRequest(request, group)).toBe(false);
    },
  );

  it("a malformed percent-encoding in the manifest's request proves nothing, and counts as ours", () => {
    expect(answersAnotherRequest("[base]/Group/%E0%A4%A/$export", group)).toBe(false);
  });

  it("any text as the manifest's request is compared without an error", () => {
    const segment = fc.oneof(
      fc.string(),
      fc.constantFrom("%", "%zz", "Group", "Patient", "$export", "%24export", "?_since=", "_type=a&"),
    );
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
        expect(typeof answersAnotherRequest(segments.join("/"), group)).toBe("boolean");
      }),
    );
  });
});
