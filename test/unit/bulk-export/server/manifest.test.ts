import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManifestRejected } from "#bulk-export/language/export-faults.ts";
import { isManifest, parseManifest } from "#bulk-export/server/manifest.ts";

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
    ["that is not JSON", "<html></html>", "not JSON"],
    ["that is a list", [], "body"],
    ["without output", { transactionTime }, "output"],
    ["without transactionTime", { output: [] }, "transactionTime"],
    ["with a transactionTime that is not a time", { transactionTime: "Jane Doe", output: [] }, "transactionTime"],
    ["with a file without a URL", { transactionTime, output: [{ type: "Patient" }] }, "output.0.url"],
    ["with a file without a type", { transactionTime, output: [{ url: "/a" }] }, "output.0"],
    ["with a malformed URL", { transactionTime, output: [{ type: "Patient", url: "http://[" }] }, "output.0.url"],
    ["with a URL of white space", { transactionTime, output: [{ type: "Patient", url: " \n " }] }, "output.0.url"],
    [
      "with a malformed link to the next page",
      { transactionTime, output: [], link: [{ relation: "next", url: "http://[" }] },
      "next",
    ],
  ])("a manifest %s is rejected with a fault that names the member", (_, value, where) => {
    expect(() => parseManifest(bytes(value), base)).toThrow(ManifestRejected);
    expect(() => parseManifest(bytes(value), base)).toThrow(where);
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
    expect(fault.message).toBe("the manifest is not JSON");
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
