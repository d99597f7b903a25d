import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManifestRejected } from "#bulk-export/language/export-faults.ts";
import type { ExportRequest } from "#bulk-export/language/export-request.ts";
import { isForeignRequest, isManifest, parseManifest } from "#bulk-export/server/manifest.ts";

const base = new URL("https://portal.minerva.integracloud.com/integra/fhir-export/r4/bulkExport/42");

/** The guide's sample, as printed: line breaks stand raw within its strings. */
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
  ])("%s is read", (_, text) => {
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
    expect(parsed.files.map(({ kind, type, url, fileName }) => [kind, type, url.href, fileName])).toEqual([
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

  it("is read with all that the standard adds: count, deleted, outcome, link.next, no token", () => {
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

  it("needs a token where it does not say so", () => {
    expect(parseManifest(bytes({ transactionTime, output: [] }), base).requiresAccessToken).toBe(true);
  });

  it("is the same wherever white space slipped into a URL", () => {
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

  it("has its request read without the white space that the server's printing brought in", () => {
    const request = "https://portal.example/Group/1/$export?_type=Pat\nient,Observation";
    expect(parseManifest(manifest({ request }), base).request).toBe(
      "https://portal.example/Group/1/$export?_type=Patient,Observation",
    );
  });

  it.each([
    ["no JSON", "<html></html>", "not JSON"],
    ["a list", [], "body"],
    ["without output", { transactionTime }, "output"],
    ["without transactionTime", { output: [] }, "transactionTime"],
    ["with a transactionTime that is no time", { transactionTime: "Jane Doe", output: [] }, "transactionTime"],
    ["with a file without URL", { transactionTime, output: [{ type: "Patient" }] }, "output.0.url"],
    ["with a file without type", { transactionTime, output: [{ url: "/a" }] }, "output.0"],
    ["with a URL that is none", { transactionTime, output: [{ type: "Patient", url: "http://[" }] }, "output.0.url"],
    ["with a URL of white space only", { transactionTime, output: [{ type: "Patient", url: " \n " }] }, "output.0.url"],
    [
      "with a next page that is none",
      { transactionTime, output: [], link: [{ relation: "next", url: "http://[" }] },
      "next",
    ],
  ])("%s is rejected, and the fault says where", (_, value, where) => {
    expect(() => parseManifest(bytes(value), base)).toThrow(ManifestRejected);
    expect(() => parseManifest(bytes(value), base)).toThrow(where);
  });

  it("has a type that is no word read as Unknown: types are printed in events", () => {
    const output = ["Patient", " Patient", "Jane Doe", "../x", "é", "P".repeat(65)].map((type) => ({
      type,
      url: "/a",
    }));
    expect(parseManifest(manifest({ output }), base).files.map(({ type }) => type)).toEqual(
      ["Patient", "Patient"].concat(Array.from({ length: 4 }, () => "Unknown")),
    );
  });

  it("is not quoted by the fault that rejects it, nor by its cause", () => {
    const fault = thrownBy(() => parseManifest(bytes('{"output":[{"url":"https://x.example/secret"'), base));
    expect(fault.message).toBe("the manifest is not JSON");
    expect(fault.cause).toBeUndefined();
  });

  it("that is garbage throws nothing but ManifestRejected", () => {
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
  ] satisfies [string, string, ExportRequest][])("is ours with %s", (_, request, ours) => {
    expect(isForeignRequest(request, ours)).toBe(false);
  });

  it.each([
    ["another level", `${server}/Patient/$export`, group],
    ["system level instead of a group", `${server}/$export`, group],
    ["another group", `${server}/Group/383681350/$export`, group],
    ["types where ours has none", "[base]/Patient/$export?_type=Patient", patient],
    ["fewer types", "[base]/Patient/$export?_type=Patient", { ...patient, types: ["Patient", "Observation"] }],
    ["no types where ours has some", "[base]/Patient/$export", { ...patient, types: ["Patient"] }],
    [
      "another since",
      "[base]/Patient/$export?_since=2026-01-31T00:00:00Z",
      { ...patient, since: "2026-01-30T00:00:00Z" },
    ],
    ["a since where ours has none", "[base]/Patient/$export?_since=2026-01-31T00:00:00Z", patient],
    ["no since where ours has one", "[base]/Patient/$export", { ...patient, since: "2026-01-30T00:00:00Z" }],
  ] satisfies [string, string, ExportRequest][])("is foreign with %s", (_, request, ours) => {
    expect(isForeignRequest(request, ours)).toBe(true);
  });

  it.each(["", "?", "https://portal.example/jobs/17", "an export", "[base]/Patient/$everything"])(
    "proves nothing where it reads %j",
    (request) => {
      expect(isForeignRequest(request, group)).toBe(false);
    },
  );

  it("proves nothing where a percent sign in it is broken", () => {
    expect(isForeignRequest("[base]/Group/%E0%A4%A/$export", group)).toBe(false);
  });

  it("is judged without throwing, whatever it is", () => {
    const segment = fc.oneof(
      fc.string(),
      fc.constantFrom("%", "%zz", "Group", "Patient", "$export", "%24export", "?_since=", "_type=a&"),
    );
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
        expect(typeof isForeignRequest(segments.join("/"), group)).toBe("boolean");
      }),
    );
  });
});
