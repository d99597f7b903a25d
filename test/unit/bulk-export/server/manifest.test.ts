import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManifestRejected } from "#bulk-export/language/export-faults.ts";
import type { ExportWarningCode } from "#bulk-export/language/export-warnings.ts";
import { isManifest, parseManifest } from "#bulk-export/server/manifest.ts";
import { warningCollector } from "#platform/http/reading/reading-warnings.ts";

const base = new URL("https://portal.minerva.integracloud.com/integra/fhir-export/r4/bulkExport/42");

/** The guide's sample as printed, with raw line breaks inside its strings. */
const guideSample = `{
  "transactionTime": "2021-04-06T08:26:23.244Z",
  "request": "[base]/Patient/$export?_type=Patient,Observation",
  "requiresAccessToken": true,
  "output": [
    {
      "type": "Patient",
      "url": "
https://portal.minerva.integracloud.com/MoBulkDownload/downloadNDJSON?objectId=607d41896d70dd22f073459c&resource=P
atient&fileName=patient_file_1.ndjson"
    },
    {
      "type": "Patient",
      "url": "
https://portal.minerva.integracloud.com/MoBulkDownload/downloadNDJSON?objectId=607d41896d70dd22f073459c&resource=P
atient&fileName=patient_file_2.ndjson"
    },
    {
      "type": "Observation",
      "url": "
https://portal.minerva.integracloud.com/MoBulkDownload/downloadNDJSON?objectId=607d41896d70dd22f073459c&resource=O
bservation&fileName=observation_file_1.ndjson"
    }
  ],
  "error": [
    {
      "type": "OperationOutcome",
      "url": "
/MoBulkDownload/downloadNDJSON?objectId=607d41896d70dd22f073459c&resource=OperationOutcome&fileName=error_file_1
.ndjson"
    }
  ]
}
`;

const escapedSample = guideSample.replace(/"url": "[^"]*"/g, (text) => text.replaceAll("\n", "\\n"));

const bytes = (value: unknown): Buffer => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
const transactionTime = "2026-01-01T00:00:00Z";
const manifest = (more: object): Buffer =>
  bytes({ transactionTime, request: "", requiresAccessToken: true, output: [], ...more });

function thrownBy(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("nothing was thrown");
}

describe("a manifest", () => {
  it.each([
    ["with raw line breaks, as the guide prints it", guideSample],
    ["with escaped line breaks", escapedSample],
    ["with CRLF line ends", guideSample.replaceAll("\n", "\r\n")],
  ])("a manifest %s is parsed", (_, text) => {
    const download = "https://portal.minerva.integracloud.com/MoBulkDownload/downloadNDJSON";
    const id = "objectId=607d41896d70dd22f073459c";
    expect(isManifest(bytes(text))).toBe(true);
    const parsed = parseManifest(bytes(text), base);
    expect(parsed).toMatchObject({
      transactionTime: "2021-04-06T08:26:23.244Z",
      request: "[base]/Patient/$export?_type=Patient,Observation",
      requiresAccessToken: true,
      next: undefined,
    });
    expect(parsed.files.map(({ kind, type, url, fileName }) => [kind, type, url, fileName])).toEqual([
      [
        "output",
        "Patient",
        `${download}?${id}&resource=Patient&fileName=patient_file_1.ndjson`,
        "patient_file_1.ndjson",
      ],
      [
        "output",
        "Patient",
        `${download}?${id}&resource=Patient&fileName=patient_file_2.ndjson`,
        "patient_file_2.ndjson",
      ],
      [
        "output",
        "Observation",
        `${download}?${id}&resource=Observation&fileName=observation_file_1.ndjson`,
        "observation_file_1.ndjson",
      ],
      [
        "error",
        "OperationOutcome",
        `${download}?${id}&resource=OperationOutcome&fileName=error_file_1.ndjson`,
        "error_file_1.ndjson",
      ],
    ]);
  });

  it("a manifest is parsed with the standard's count, deleted, outcome, link.next and requiresAccessToken", () => {
    const parsed = parseManifest(
      manifest({
        requiresAccessToken: false,
        output: [{ type: "Patient", url: "https://files.example/p.ndjson", count: 3 }],
        outcome: [{ url: "o.ndjson" }],
        deleted: [{ type: "Bundle", url: "/d.ndjson", count: 0 }],
        link: [
          { relation: "self", url: "https://files.example/self" },
          { relation: "next", url: " /page/2 " },
        ],
      }),
      base,
    );
    expect(parsed.requiresAccessToken).toBe(false);
    expect(parsed.next?.href).toBe("https://portal.minerva.integracloud.com/page/2");
    expect(parsed.files.map(({ kind, type, count, fileName }) => [kind, type, count, fileName])).toEqual([
      ["output", "Patient", 3, "p.ndjson"],
      ["outcome", "OperationOutcome", undefined, "o.ndjson"],
      ["deleted", "Bundle", 0, "d.ndjson"],
    ]);
  });

  it("a manifest without requiresAccessToken needs a token", () => {
    expect(parseManifest(bytes({ transactionTime, output: [] }), base).requiresAccessToken).toBe(true);
  });

  it("white space anywhere in a URL does not change the manifest", () => {
    const clean = "https://portal.minerva.integracloud.com/d?objectId=6f&resource=Patient&fileName=p_1.ndjson";
    const space = fc.constantFrom(" ", "\n", "\r\n", "\t", "  \n ", "\\n", "\\t", "\\r\\n", "\\u00a0");
    const injection = fc.tuple(fc.nat({ max: clean.length }), space);
    const expected = parseManifest(manifest({ output: [{ type: "Patient", url: clean }] }), base);
    fc.assert(
      fc.property(fc.array(injection, { minLength: 1, maxLength: 8 }), (injections) => {
        let url = clean;
        for (const [at, text] of injections.toSorted(([a], [b]) => b - a))
          url = url.slice(0, at) + text + url.slice(at);
        const text = manifest({ output: [{ type: "Patient", url: "@" }] })
          .toString()
          .replace('"@"', () => `"${url}"`);
        expect(parseManifest(Buffer.from(text), base)).toEqual(expected);
      }),
    );
  });

  it("the request of a manifest is read without white space", () => {
    const request = "https://portal.example/Group/1/$export?_type=Pat\nient,Observation";
    expect(parseManifest(manifest({ request }), base).request).toBe(
      "https://portal.example/Group/1/$export?_type=Patient,Observation",
    );
  });

  it.each([
    ["that is not JSON", "<html></html>", "not a JSON object"],
    ["that is a list", [], "not a JSON object"],
    ["without a member of a manifest", { status: "ok" }, "no member"],
    ["whose output is no list", { transactionTime, output: { type: "Patient", url: "/a" } }, "output is not a list"],
    ["whose errors are no list", { transactionTime, error: "none" }, "error is not a list"],
    ["whose outcomes are no list", { transactionTime, outcome: 0 }, "outcome is not a list"],
    ["whose deletions are no list", { transactionTime, deleted: false }, "deleted is not a list"],
    [
      "whose link to the next page is malformed",
      { output: [], link: [{ relation: "next", url: "http://[" }] },
      "link.0",
    ],
    ["whose link to the next page has no URL", { output: [], link: { relation: "next" } }, "link.0"],
    ["whose link to the next page is an object", { output: [], link: [{ relation: "NEXT", url: {} }] }, "link.0"],
    ["with a link that may be the next page", { output: [], link: [{ relation: "self" }, "/page/2"] }, "link.1"],
    [
      "with two next pages",
      { output: [], link: ["/2", "/3"].map((url) => ({ relation: "next", url })) },
      "several next pages",
    ],
  ])("a manifest %s is rejected with a fault that names the member", (_, value, where) => {
    expect(() => parseManifest(bytes(value), base)).toThrow(ManifestRejected);
    expect(() => parseManifest(bytes(value), base)).toThrow(where);
  });

  // E2
  it.each([
    ["is absent", {}],
    ["is null", { output: null, error: null, outcome: null, deleted: null, link: null }],
  ])("a manifest whose list of files %s has none", (_, lists) => {
    const body = bytes({ transactionTime, request: "", requiresAccessToken: true, ...lists });
    expect(isManifest(body)).toBe(true);
    expect(parseManifest(body, base)).toMatchObject({ files: [], next: undefined });
  });

  it.each([
    [{ transactionTime }, true],
    [{ request: "[base]/$export" }, true],
    [{ output: [] }, true],
    [{ requiresAccessToken: false }, true],
    [{}, false],
    [{ status: "blocked" }, false],
    [{ transactionTime: null, output: null }, false],
    [{ resourceType: "OperationOutcome", output: [] }, false],
  ])("%j as a manifest: %s, because a proxy may answer with JSON of its own", (body, expected) => {
    expect(isManifest(bytes(body))).toBe(expected);
  });

  // E3
  it.each([
    ["without a URL", { type: "Patient" }, "Patient", "has no URL"],
    ["whose URL is null", { type: "Patient", url: null }, "Patient", "has no URL"],
    ["whose URL is a number", { type: "Patient", url: 7 }, "Patient", "has no URL"],
    ["whose URL is malformed", { type: "Patient", url: "http://[" }, "Patient", "has no URL"],
    ["whose URL is white space", { type: "Patient", url: " \n " }, "Patient", "has no URL"],
    ["without a type", { url: "/a" }, "Unknown", "has no type"],
    ["whose type is a list", { type: ["Patient"], url: "/a" }, "Unknown", "has no type"],
    ["that is null", null, "Unknown", "not an object"],
    ["that is a text", "/a", "Unknown", "not an object"],
    ["that is a list", [{ type: "Patient", url: "/a" }], "Unknown", "not an object"],
  ])("an entry %s is listed with its fault, and the other entry is read", (_, entry, type, fault) => {
    const { files } = parseManifest(manifest({ output: [entry, { type: "Patient", url: "/good.ndjson" }] }), base);
    expect(files).toMatchObject([
      { kind: "output", type, url: null, fault: expect.stringContaining(fault) as string },
      { kind: "output", type: "Patient", url: new URL("/good.ndjson", base).href },
    ]);
  });

  it("an entry of the other lists needs no type", () => {
    const collected = warningCollector<ExportWarningCode>();
    const lists = { error: [{ url: "/e" }], outcome: [{ url: "/o", type: null }], deleted: [{ url: "/d", type: 7 }] };
    const { files } = parseManifest(manifest(lists), base, collected);
    expect(files.map(({ type }) => type)).toEqual(["OperationOutcome", "OperationOutcome", "Bundle"]);
    expect(collected.warnings).toEqual([{ code: "TYPE_UNREADABLE", at: "deleted.0.type" }]);
  });

  // E23
  it.each([
    ["patient", "Patient"],
    ["OBSERVATION", "Observation"],
    ["medicationRequest", "MedicationRequest"],
    ["Widget", "Widget"],
  ])("the type %s is known as %s", (type, known) => {
    expect(parseManifest(manifest({ output: [{ type, url: "/a" }] }), base).files[0]?.type).toBe(known);
  });

  // E1
  it.each([
    ["true", true],
    ["True", true],
    ["false", false],
    [" FALSE ", false],
    ["no", true],
    [0, true],
    [null, true],
    [{}, true],
  ])("requiresAccessToken %j counts as %s", (requiresAccessToken, expected) => {
    expect(parseManifest(manifest({ requiresAccessToken }), base).requiresAccessToken).toBe(expected);
  });

  it.each([
    ["138", 138],
    [" 138.0 ", 138],
    [-1, undefined],
    [1.5, undefined],
    ["many", undefined],
    [[3], undefined],
    [null, undefined],
  ])("the count %j of a file counts as %s", (count, expected) => {
    const output = [{ type: "Patient", url: "/a", count }];
    expect(parseManifest(manifest({ output }), base).files[0]?.count).toBe(expected);
  });

  it.each([
    ["2026-03-01T11:58:00 ", "2026-03-01T11:58:00"],
    [1_772_366_280, "1772366280"],
    [{ time: transactionTime }, null],
    [null, null],
  ])("the transactionTime %j is kept as received: %j", (time, kept) => {
    expect(parseManifest(manifest({ transactionTime: time }), base).transactionTime).toBe(kept);
  });

  it("what cannot be read beside the data is reported by its place", () => {
    const collected = warningCollector<ExportWarningCode>();
    const output = [{ type: "Patient", url: "/a", count: "many" }];
    const body = manifest({ transactionTime: "soon", request: 7, requiresAccessToken: "no", output });
    expect(parseManifest(body, base, collected).request).toBe("");
    expect(collected.warnings).toEqual([
      { code: "TIME_UNREADABLE", at: "transactionTime" },
      { code: "REQUEST_UNREADABLE", at: "request" },
      { code: "BOOLEAN_UNREADABLE", at: "requiresAccessToken" },
      { code: "NUMBER_UNREADABLE", at: "output.0.count" },
    ]);
  });

  // E6
  it("a URL is encoded as the guide demands, and stays as it is if it is encoded already", () => {
    const output = ["/d?trace=a|b+c", "/d?trace=a%7Cb%2Bc"].map((url) => ({ type: "Patient", url }));
    const { files, next } = parseManifest(manifest({ output, link: { relation: "next", url: "/p?x=a|b" } }), base);
    expect(files.map(({ url }) => new URL(url ?? "").search)).toEqual(["?trace=a%7Cb%2Bc", "?trace=a%7Cb%2Bc"]);
    expect(next?.search).toBe("?x=a%7Cb");
  });

  // E20
  it("a byte order mark in front of a manifest is ignored", () => {
    const body = Buffer.concat([Buffer.from("\ufeff"), manifest({ output: [{ type: "Patient", url: "/a" }] })]);
    expect(isManifest(body)).toBe(true);
    expect(parseManifest(body, base).files).toHaveLength(1);
  });

  it("a type that is not a plain word becomes Unknown, because types appear in events", () => {
    const output = ["Patient", " Patient", "Jane Doe", "../x", "é", "P".repeat(65)].map((type) => ({
      type,
      url: "/a",
    }));
    expect(parseManifest(manifest({ output }), base).files.map(({ type }) => type)).toEqual(
      ["Patient", "Patient"].concat(Array.from({ length: 4 }, () => "Unknown")),
    );
  });

  it("neither the fault of a malformed manifest nor its cause quotes the manifest", () => {
    const fault = thrownBy(() => parseManifest(bytes('{"output":[{"url":"https://x.example/secret"'), base));
    expect(fault.message).toBe("the manifest cannot be used: its body is not a JSON object");
    expect(fault.cause).toBeUndefined();
  });

  it("garbage is rejected with ManifestRejected and no other error", () => {
    const entry = fc.record(
      {
        type: fc.oneof(fc.string(), fc.jsonValue()),
        url: fc.oneof(fc.string(), fc.webUrl(), fc.jsonValue()),
        count: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const list = fc.oneof(fc.array(entry), fc.jsonValue());
    const shaped = fc.record(
      {
        transactionTime: fc.oneof(fc.string(), fc.jsonValue()),
        request: fc.string(),
        output: list,
        error: list,
        link: list,
      },
      { requiredKeys: [] },
    );
    const garbage = fc.oneof(fc.uint8Array(), fc.string().map(bytes), fc.json().map(bytes), shaped.map(bytes));
    fc.assert(
      fc.property(garbage, (body) => {
        expect(typeof isManifest(body)).toBe("boolean");
        try {
          parseManifest(body, base);
        } catch (error) {
          if (!(error instanceof ManifestRejected)) throw error;
        }
      }),
    );
  });
});
