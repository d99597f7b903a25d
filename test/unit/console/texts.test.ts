import { describe, expect, it } from "vitest";
import { pageOf } from "#console/src/api/patients.ts";
import { issuesIn } from "#console/src/pages/export/outcome-issues.ts";
import { bytesText, countText, durationText, numberText, timeText } from "#console/src/parts/texts.ts";
import { configOf } from "#console/src/read-config.ts";

describe("what the console writes", () => {
  it.each([
    [0, "0 bytes"],
    [999, "999 bytes"],
    [1_000, "1 kB"],
    [4_560_000, "4.56 MB"],
    [7.5e15, "7,500 TB"],
    [null, "–"],
  ])("%s bytes are %s", (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });

  it.each([
    [0.4, "0 s"],
    [59.6, "1 min 0 s"],
    [200, "3 min 20 s"],
    [7_500, "2 h 5 min"],
    [null, "–"],
  ])("%s seconds are %s", (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });

  it("a time that is none stays as it came, and an absent number or time is a dash", () => {
    expect([countText(1, "line"), countText(0, "line"), countText(2_000, "line")]).toEqual([
      "1 line",
      "0 lines",
      "2,000 lines",
    ]);
    expect([timeText("soon"), timeText(null), numberText(null), numberText(12_345)]).toEqual([
      "soon",
      "–",
      "–",
      "12,345",
    ]);
  });
});

describe("what the console reads", () => {
  it("patients of a Bundle: other resources are left out, and a patient may lack everything but an id", () => {
    const entry = [
      { resource: { resourceType: "Patient" as const, id: "1", name: [{ given: ["Ada", "B"], family: "Lovelace" }] } },
      { resource: { resourceType: "OperationOutcome" as const, issue: [] } },
      { resource: { resourceType: "Patient" as const, id: "2" } },
      {},
    ];
    const link = [{ relation: "next", url: "https://api.example.org/next" }];
    expect(pageOf({ resourceType: "Bundle", type: "searchset", entry, link })).toEqual({
      patients: [
        { id: "1", name: "Ada B Lovelace", birthDate: "unknown", gender: "unknown" },
        { id: "2", name: "No name", birthDate: "unknown", gender: "unknown" },
      ],
      next: "https://api.example.org/next",
    });
  });

  it("a bare Patient, as the guide's sample is one", () => {
    const patient = { resourceType: "Patient" as const, id: "1", name: [{ text: "Ada" }], birthDate: "1815-12-10" };
    expect(pageOf(patient).patients).toMatchObject([{ name: "Ada", birthDate: "1815-12-10" }]);
  });

  it("the server's messages in an error file, and nothing from a line that is none", () => {
    const issue = [
      { severity: "error", code: "processing", details: { text: "Not found" }, diagnostics: "Patient/7" },
      { severity: "warning", code: "incomplete" },
    ];
    expect(issuesIn(JSON.stringify({ resourceType: "OperationOutcome", issue }))).toEqual([
      { severity: "error", text: "Not found: Patient/7" },
      { severity: "warning", text: "incomplete" },
    ]);
    for (const line of ["", "{", "null", '{"resourceType":"Patient"}']) expect(issuesIn(line)).toEqual([]);
  });

  it("its configuration, and says which member is missing", () => {
    const config = {
      stage: "local",
      apiUrl: "https://api.example.org",
      issuer: "https://login.example.org",
      clientId: "console",
      scopes: ["openid"],
      parameters: {},
      idleMinutes: 15,
    };
    expect(configOf(config)).toEqual(config);
    expect(() => configOf({ ...config, issuer: "" })).toThrow("no valid issuer");
    expect(() => configOf(null)).toThrow("no valid stage");
  });
});
