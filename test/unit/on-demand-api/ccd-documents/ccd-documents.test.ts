import { describe, expect, it } from "vitest";
import { DocumentRefused } from "#ccd-retrieval/language/document-faults.ts";
import { NotConvertible } from "#ccd-retrieval/language/not-convertible.ts";
import { PageTooLarge } from "#ccd-retrieval/language/page-too-large.ts";
import { type CcdDocumentsApiPorts, serveCcdDocuments } from "#on-demand-api/ccd-documents/ccd-documents.ts";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import { ccdId, ccdRecord } from "../../../fixtures/ccds-in-memory.ts";
import { asDescribed } from "../../../fixtures/described-answers.ts";

const route = "GET /ccd-requests/{id}/documents/{number}";
const [own, pending] = [ccdId("a"), ccdId("b")];
const document = {
  number: 1,
  key: "ccds/x/1.xml",
  bytes: 7,
  title: null,
  encounterIds: [],
  effectiveTime: null,
  encounterStart: null,
  encounterEnd: null,
  sections: [],
};
const location = "https://s3.example/ccds/x/1.xml?X-Amz-Signature=1";
const policy = "default-src 'none'; style-src 'sha256-x'";

/** The API with one request that is ready and one that is not. */
function apiWith(documents: Partial<CcdDocumentsApiPorts["documents"]> = {}, shared = false) {
  const stored: { requestId: string; number: number; bytes: number }[] = [];
  const handle = serveCcdDocuments({
    requests: {
      find: (id) =>
        Promise.resolve(
          [own, pending].includes(id)
            ? ccdRecord(id, { caller: "clara", state: id === own ? "ready" : "pending" })
            : undefined,
        ),
    },
    documents: {
      index: (requestId) => Promise.resolve({ requestId, documents: [document] }),
      link: (key) => Promise.resolve(`https://s3.example/${key}?X-Amz-Signature=1`),
      page: (key) => Promise.resolve({ html: Buffer.from(`<!DOCTYPE html>page of ${key}`), policy }),
      bundle: (key) => Promise.resolve(Buffer.from(`{"resourceType":"Bundle","id":"${key}"}`)),
      linkToPage: (requestId, number, { length: bytes }) => {
        stored.push({ requestId, number, bytes });
        return Promise.resolve("https://s3.example/pages/x/1.html?X-Amz-Signature=1");
      },
      ...documents,
    },
    shared,
  });
  const open = (
    accept?: string,
    { id = own, number = "1", caller = "clara", signal = new AbortController().signal } = {},
  ) => {
    const headers: Record<string, string> = accept === undefined ? {} : { accept };
    const request = {
      route,
      callId: "call-1",
      caller,
      path: { id, number },
      queryString: "",
      headers,
      body: Buffer.alloc(0),
    };
    return asDescribed(route, handle(request, { signal }));
  };
  return { open, stored };
}

const problemOf = async (response: Promise<unknown>): Promise<ApiProblem> => {
  const fault = await response.catch((error: unknown) => error);
  if (fault instanceof ApiProblem) return fault;
  throw new Error("a problem was expected", { cause: fault });
};

describe("a document", () => {
  it.each([undefined, "*/*", "application/xml", "text/xml", "text/html;q=0.5, application/xml"])(
    "a document redirects to its link if the caller accepts %s",
    async (accept) => {
      const { status, headers, body, form } = await apiWith().open(accept);
      expect([status, headers, body.length, form]).toEqual([303, { location, vary: "Accept" }, 0, "xml"]);
    },
  );

  it("a document is a page if the caller prefers text/html, and the page may be framed nowhere", async () => {
    const { status, headers, body, form } = await apiWith().open("text/html,application/xml;q=0.9,*/*;q=0.8");
    expect([status, form, body.toString("utf8")]).toEqual([200, "html", "<!DOCTYPE html>page of ccds/x/1.xml"]);
    expect(headers).toEqual({
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `${policy}; frame-ancestors 'none'`,
      "referrer-policy": "no-referrer",
      "x-robots-tag": "noindex",
      vary: "Accept",
    });
  });

  it("a page that is too large for a response is stored, and the caller is redirected to it", async () => {
    const { open, stored } = apiWith({ page: () => Promise.resolve({ html: Buffer.alloc(4_600_001), policy }) });
    const { status, headers, form } = await open("text/html");
    expect([status, headers["location"], form]).toEqual([
      303,
      "https://s3.example/pages/x/1.html?X-Amz-Signature=1",
      "html",
    ]);
    expect(stored).toEqual([{ requestId: own, number: 1, bytes: 4_600_001 }]);
  });

  it("a document is a FHIR Bundle if the caller prefers application/fhir+json", async () => {
    const { status, headers, body, form } = await apiWith().open("application/fhir+json, text/html;q=0.5");
    expect([status, form, headers]).toEqual([200, "fhir", { "content-type": "application/fhir+json", vary: "Accept" }]);
    expect(JSON.parse(body.toString("utf8"))).toEqual({ resourceType: "Bundle", id: "ccds/x/1.xml" });
  });

  it("a Bundle that is too large for a response gets 406", async () => {
    const large = apiWith({ bundle: () => Promise.resolve(Buffer.alloc(4_600_001)) });
    const { status, detail } = await problemOf(large.open("application/fhir+json"));
    expect([status, detail]).toEqual([406, expect.stringContaining("too large for a response")]);
  });

  it.each(["application/json", "image/png", "*/*;q=0"])("a caller who accepts %s only gets 406", async (accept) => {
    const { status, detail } = await problemOf(apiWith().open(accept));
    expect([status, detail]).toEqual([
      406,
      expect.stringContaining("application/xml, text/html and application/fhir+json"),
    ]);
  });

  it.each([
    new DocumentRefused("markup-too-long", "a tag, comment or text has more than 16777216 characters"),
    new PageTooLarge("the page has more than 7 characters"),
  ])("a document that cannot be shown as a page gets 406 with the reason: $name", async (fault) => {
    const { status, detail } = await problemOf(apiWith({ page: () => Promise.reject(fault) }).open("text/html"));
    expect([status, detail]).toEqual([406, expect.stringContaining(fault.message)]);
    expect(detail).toContain("Accept application/xml");
  });

  it("a document that cannot be converted to FHIR gets 406 with the reason, and its page is there", async () => {
    const { open } = apiWith({ bundle: () => Promise.reject(new NotConvertible("the converter cannot read it")) });
    expect(await problemOf(open("application/fhir+json"))).toMatchObject({
      status: 406,
      detail: "The document cannot be shown as FHIR: the converter cannot read it. Accept application/xml.",
    });
    expect((await open("text/html")).status).toBe(200);
  });

  it("a page that cannot be written in time gets 503; any other failure is not hidden", async () => {
    const late = apiWith({ page: (_, signal) => Promise.reject(signal.reason as Error) });
    const problem = await problemOf(late.open("text/html", { signal: AbortSignal.abort() }));
    expect([problem.status, problem.detail]).toEqual([503, expect.stringContaining("Accept application/xml")]);
    const broken = apiWith({ page: () => Promise.reject(new Error("S3 is down")) });
    await expect(broken.open("text/html")).rejects.toThrow("S3 is down");
  });

  it("a document is there once its request is ready, under its number only", async () => {
    const { open } = apiWith();
    expect((await problemOf(open(undefined, { id: pending }))).status).toBe(404);
    for (const number of ["2", "0", "01", "x", ""])
      expect((await problemOf(open("text/html", { number }))).status).toBe(404);
  });

  it("another caller cannot see a document in any form, unless the stage shares it", async () => {
    for (const accept of ["application/xml", "text/html", "application/fhir+json"]) {
      const refused = await problemOf(apiWith().open(accept, { caller: "paul" }));
      const unknown = await problemOf(apiWith().open(accept, { id: ccdId("c") }));
      expect([refused.status, refused.detail]).toEqual([404, unknown.detail]);
    }
    const shared = apiWith({}, true);
    expect((await shared.open("application/xml", { caller: "paul" })).status).toBe(303);
    expect((await shared.open("text/html", { caller: "paul" })).status).toBe(200);
  });
});
