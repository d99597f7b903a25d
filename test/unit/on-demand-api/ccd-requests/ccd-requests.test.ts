import { describe, expect, it } from "vitest";
import type { CcdDocument } from "#ccd-retrieval/language/ccd-request.ts";
import { type CcdRequestsApiPorts, serveCcdRequests } from "#on-demand-api/ccd-requests/ccd-requests.ts";
import type { ApiRequest } from "#on-demand-api/gateway/api.ts";
import { requestIds } from "#on-demand-api/gateway/request-ids.ts";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import { type CcdRequestView, ccdRequestPage } from "#on-demand-api/language/ccd-request-messages.ts";
import type { PatientSearchParameters } from "#on-demand-api/language/patient-search.ts";
import type { CallerSession } from "#on-demand-api/server/caller-session.ts";
import type { PatientMatch } from "#on-demand-api/server/patient-search.ts";
import type { UserClient } from "#user-session/fhir-page.ts";
import { apiRequest } from "../../../fixtures/api-request.ts";
import { ccdRecord, ccdsInMemory } from "../../../fixtures/ccds-in-memory.ts";
import { asDescribed } from "../../../fixtures/described-answers.ts";
import { executionsInMemory } from "../../../fixtures/executions-in-memory.ts";

const { signal } = new AbortController();
const start = Date.parse("2026-03-01T12:00:00Z");
const document: CcdDocument = {
  number: 1,
  key: "ccds/x/1.xml",
  bytes: 7,
  title: "Summary",
  encounterIds: ["e1"],
  effectiveTime: null,
  encounterStart: null,
  encounterEnd: null,
  sections: [],
};
const patient = { gender: "female", birthDate: "2001-02-03", phone: "(912)555-1234" };

const problemOf = async (response: Promise<unknown>): Promise<ApiProblem> => {
  const fault = await response.catch((error: unknown) => error);
  if (fault instanceof ApiProblem) return fault;
  throw new Error("a problem was expected", { cause: fault });
};

/** The stage's own session, whose client must not be used by itself. */
const service: CallerSession = { sessionId: "service", linkId: null, client: {} as UserClient, patient: null };

/** The API with a ledger, executions and a clock in memory. */
function apiWith(match: PatientMatch = { match: "none" }, more: Partial<CcdRequestsApiPorts> = {}) {
  const { requests } = ccdsInMemory();
  const executions = executionsInMemory();
  const searched: PatientSearchParameters[] = [];
  const clock = { now: start, onSleep: (): Promise<unknown> => Promise.resolve() };
  const handle = serveCcdRequests({
    findSession: () => Promise.resolve(service),
    matchPatient: (_, parameters) => {
      searched.push(parameters);
      return Promise.resolve(match);
    },
    requests,
    executions,
    documents: {
      index: (requestId) => Promise.resolve({ requestId, documents: [document] }),
    },
    ids: requestIds("ccd", () => Promise.resolve("s".repeat(64))),
    shared: false,
    apiUrl: "https://api.example",
    now: () => clock.now,
    sleep: async (ms) => {
      clock.now += ms;
      await clock.onSleep();
    },
    ...more,
  });
  const call = async (route: string, request: Partial<ApiRequest> = {}) => {
    const answer = await asDescribed(route, handle(apiRequest(route, request), { signal }));
    const text = answer.body.toString("utf8");
    return { ...answer, content: text === "" ? undefined : (JSON.parse(text) as CcdRequestView) };
  };
  const post = (body: unknown, headers: Record<string, string> = {}, caller = "clara") =>
    call("POST /ccd-requests", { body: Buffer.from(JSON.stringify(body)), headers, caller });
  return { call, post, requests, executions, searched, clock };
}

describe("a POST to /ccd-requests", () => {
  it("a POST stores the request and starts its execution, whose only input is the id", async () => {
    const { post, requests, executions } = apiWith();
    const { status, headers, content } = await post({ patientId: "p1", startDate: "2026-01-01T00:00:00Z" });
    const id = content?.requestId ?? "";
    expect(id).toMatch(/^ccd-[0-9a-f]{32}$/);
    expect([status, headers["location"], headers["retry-after"]]).toEqual([
      202,
      `https://api.example/ccd-requests/${id}`,
      "2",
    ]);
    expect(requests.all.get(id)).toMatchObject({
      caller: "clara",
      sessionId: "service",
      order: { patientId: "p1", startDate: "2026-01-01T00:00:00Z", endDate: null },
      state: "pending",
    });
    expect([...executions.known.values()]).toEqual([{ name: id, status: "running", input: { requestId: id } }]);
  });

  it("a POST finds the one matching patient, and the response does not identify the patient", async () => {
    const { post, searched, requests } = apiWith({ match: "one", patientId: "p7" });
    const { content, body } = await post({ patient });
    expect(searched).toEqual([{ gender: "female", birthdate: "2001-02-03", phone: "(912)555-1234" }]);
    expect(requests.all.get(content?.requestId ?? "")?.order.patientId).toBe("p7");
    expect(body.toString("utf8")).not.toContain("p7");
  });

  it.each<[PatientMatch, number, object]>([
    [{ match: "none" }, 404, {}],
    [{ match: "many", patientIds: ["p1", "p2"], complete: true }, 409, { candidates: ["p1", "p2"] }],
    [{ match: "contradicted", patientIds: ["p1"] }, 502, {}],
  ])("a POST stores and starts nothing unless exactly one patient matches: %o", async (match, status, members) => {
    const { post, requests, executions } = apiWith(match);
    const problem = await problemOf(post({ patient }));
    expect([problem.status, problem.members, requests.all.size, executions.known.size]).toEqual([
      status,
      members,
      0,
      0,
    ]);
  });

  it("of many matching patients a hundred ids are listed, and only ids that a caller can send", async () => {
    const patientIds = ["x".repeat(5_000_000), ...Array.from({ length: 101 }, (_, i) => `p${i}`)];
    const { post } = apiWith({ match: "many", patientIds, complete: true });
    const { members, detail } = await problemOf(post({ patient }));
    expect(members.candidates).toEqual(patientIds.slice(1, 101));
    expect(detail).toContain("there are more");
  });

  it.each<[unknown, string]>([
    [{}, "either patientId or patient"],
    [{ patientId: "p1", patient }, "either patientId or patient"],
    [{ patientId: "../x" }, "patientId must be"],
    [{ patientId: "p1", more: 1 }, "more"],
    [{ patient: { ...patient, phone: undefined } }, "phone or email"],
    [{ patient: { ...patient, gender: undefined } }, "patient.gender"],
    [{ patientId: "p1", startDate: "2026-01-01" }, "startDate must be a FHIR instant"],
    [{ patientId: "p1", startDate: "2026-01-02T00:00:00Z", endDate: "2026-01-01T00:00:00Z" }, "startDate is after"],
  ])("a POST of %o is refused with every fault", async (body, detail) => {
    const { post, requests } = apiWith();
    const problem = await problemOf(post(body));
    expect([problem.status, problem.detail, requests.all.size]).toEqual([400, expect.stringContaining(detail), 0]);
  });

  it("a POST that is not JSON is refused, and the problem does not quote the body", async () => {
    const { call } = apiWith();
    const problem = await problemOf(call("POST /ccd-requests", { body: Buffer.from("{secret") }));
    expect([problem.status, problem.detail.includes("secret")]).toEqual([400, false]);
  });
});

describe("documents that were refused while others landed", () => {
  // D13
  it("documents that were refused are listed by number and reason, and without anything else of the index", async () => {
    const refused = [{ number: 2, reason: "malformed-xml" as const }];
    const companions = [{ name: "Jane Roe.pdf", bytes: 7 }];
    const { call, post, requests } = apiWith(undefined, {
      documents: {
        index: (requestId) => Promise.resolve({ requestId, documents: [document], refused, companions }),
      },
    });
    const { content } = await post({ patientId: "p1" });
    expect(content?.refused).toEqual([]);
    const id = content?.requestId ?? "";
    await requests.end(id, null, new Date(start).toISOString());
    const ready = await call("GET /ccd-requests/{id}", { path: { id } });
    expect(ready.content).toMatchObject({ state: "ready", documents: [{ number: 1 }], refused });
    expect(ready.body.toString("utf8")).not.toContain("Jane");
  });
});

describe("an Idempotency-Key", () => {
  const headers = { "idempotency-key": "visit-1" };

  it("a POST that is repeated with its Idempotency-Key is the same request, searched and started once", async () => {
    const { post, searched, requests, executions } = apiWith({ match: "one", patientId: "p7" });
    const [first, again] = [await post({ patient }, headers), await post({ patient }, headers)];
    expect(again.content?.requestId).toBe(first.content?.requestId);
    expect([searched.length, requests.all.size, executions.known.size]).toEqual([1, 1, 1]);
  });

  it("an Idempotency-Key with a different body is refused; from another caller it makes another request", async () => {
    const { post, requests } = apiWith();
    await post({ patientId: "p1" }, headers);
    expect((await problemOf(post({ patientId: "p2" }, headers))).status).toBe(422);
    await post({ patientId: "p2" }, headers, "paul");
    expect([...requests.all.values()].map(({ caller, order }) => [caller, order.patientId])).toEqual([
      ["clara", "p1"],
      ["paul", "p2"],
    ]);
  });

  it("a repeated POST starts the request that the first POST stored but could not start", async () => {
    let fails = true;
    const executions = executionsInMemory();
    const { post } = apiWith(undefined, {
      executions: {
        start: async (...execution) => {
          if (fails) throw new Error("throttled");
          return await executions.start(...execution);
        },
      },
    });
    expect(await problemOf(post({ patientId: "p1" }, headers))).toMatchObject({
      status: 503,
      retryAfterMs: 2_000,
      detail: expect.stringContaining("with the same Idempotency-Key") as string,
    });
    fails = false;
    const { content } = await post({ patientId: "p1" }, headers);
    expect([...executions.known.keys()]).toEqual([content?.requestId]);
  });

  it.each([["a b"], [""], ["x".repeat(256)]])("the Idempotency-Key %j is refused", async (key) => {
    const { post } = apiWith();
    expect((await problemOf(post({ patientId: "p1" }, { "idempotency-key": key }))).status).toBe(400);
  });
});

describe("a POST that prefers to wait", () => {
  it("a POST that prefers to wait is answered as soon as the request has ended", async () => {
    const { post, requests, clock } = apiWith();
    clock.onSleep = async () => {
      const [id = ""] = requests.all.keys();
      if (clock.now >= start + 3_000) await requests.end(id, null, new Date(clock.now).toISOString());
    };
    const { status, content } = await post({ patientId: "p1" }, { prefer: "respond-async, wait=20" });
    const [{ href, ...shown } = { href: "" }] = content?.documents ?? [];
    const { key: _, ...expected } = document;
    expect([status, content?.state, clock.now - start, shown]).toEqual([200, "ready", 3_000, expected]);
    expect(href).toBe(`https://api.example/ccd-requests/${content?.requestId}/documents/1`);
  });

  it.each([
    ["wait=5", 5_000],
    ["wait=3600", 20_000],
    // D16
    ["wait=1000000", 20_000],
    [`wait=${"9".repeat(400)}`, 20_000],
    ['foo="a, wait=5"', 0],
    ["foo; wait=5", 0],
    ["wait=3, wait=9", 3_000],
    ["wait=-1", 0],
    ["wait=1.5", 0],
    ["wait=0", 0],
    ["respond-async", 0],
  ])("Prefer: %s waits %i ms for a request that does not end", async (prefer, ms) => {
    const { post, clock } = apiWith();
    const { status } = await post({ patientId: "p1" }, { prefer });
    expect([status, clock.now - start]).toEqual([202, ms]);
  });
});

/** A request that was created, and calls that read it. */
const createdRequest = async (more: Partial<CcdRequestsApiPorts> = {}) => {
  const api = apiWith(undefined, more);
  const id = (await api.post({ patientId: "p1" })).content?.requestId ?? "";
  const look = (caller = "clara") => api.call("GET /ccd-requests/{id}", { path: { id }, caller });
  return { ...api, id, look };
};

describe("a CCD request", () => {
  it("a request is shown in its state: pending or failed", async () => {
    const { look, requests, id } = await createdRequest();
    expect((await look()).content).toMatchObject({ state: "pending", documents: [] });
    await requests.end(id, { name: "WrongPatient", message: "of somebody else" }, "2026-03-01T12:00:05.000Z");
    expect((await look()).content).toMatchObject({
      state: "failed",
      failure: { name: "WrongPatient" },
      documents: [],
    });
  });

  // D7
  it("a request with too many documents for one answer links to the page that follows", async () => {
    const section = { code: "10160-0", title: "History of medication use", hasEntries: true };
    const sections = Array.from({ length: 28 }, () => section);
    const documents = Array.from({ length: 2_000 }, (_, index) => ({ ...document, number: index + 1, sections }));
    const { call, requests, id } = await createdRequest({
      documents: {
        index: (requestId) => Promise.resolve({ requestId, documents }),
      },
    });
    await requests.end(id, null, "2026-03-01T12:00:05.000Z");
    const page = async (queryString: string) =>
      (await call("GET /ccd-requests/{id}", { path: { id }, queryString })).content;
    const first = await page("");
    const last = first?.documents.at(-1)?.number ?? 0;
    expect(first?.next).toBe(`https://api.example/ccd-requests/${id}?after=${last}`);
    const second = await page(`after=${last}`);
    expect([second?.documents[0]?.number, second?.documents.at(-1)?.number]).toEqual([last + 1, 2_000]);
    expect((await problemOf(page("after=x"))).status).toBe(400);
  });

  it("another caller cannot see a request, unless the stage shares it", async () => {
    const own = await createdRequest();
    await own.requests.end(own.id, null, "2026-03-01T12:00:05.000Z");
    const problem = await problemOf(own.look("paul"));
    expect(problem.status).toBe(404);
    const unknown = await problemOf(own.call("GET /ccd-requests/{id}", { path: { id: "ccd-0" } }));
    expect(problem.detail).toBe(unknown.detail);
    const shared = await createdRequest({ shared: true });
    expect((await shared.look("paul")).status).toBe(200);
  });
});

const requestedAt = (index: number) => new Date(start + index * 1000).toISOString();
const idOf = (index: number) => `ccd-${String(index).padStart(32, "0")}`;

/** The API with these callers' requests, one a second. */
async function listOf(callers: readonly string[]) {
  const api = apiWith();
  for (const [index, caller] of callers.entries())
    await api.requests.create(ccdRecord(idOf(index), { caller, requestedAt: requestedAt(index) }));
  const page = async (queryString = "") => {
    const { body } = await api.call("GET /ccd-requests", { queryString });
    return ccdRequestPage.parse(JSON.parse(body.toString("utf8")));
  };
  return { ...api, page };
}

describe("the list of CCD requests", () => {
  it("a caller sees the own requests only, the newest first, and nothing about the patient", async () => {
    const { page, requests, call } = await listOf(["clara", "paul", "clara"]);
    await requests.end(idOf(0), { name: "WrongPatient", message: "of somebody else" }, requestedAt(9));
    expect(await page()).toEqual({
      requests: [
        { requestId: idOf(2), state: "pending", requestedAt: requestedAt(2), endedAt: null, failure: null },
        {
          requestId: idOf(0),
          state: "failed",
          requestedAt: requestedAt(0),
          endedAt: requestedAt(9),
          failure: { name: "WrongPatient", message: "of somebody else" },
        },
      ],
    });
    expect((await call("GET /ccd-requests")).body.toString("utf8")).not.toContain("patient-of");
  });

  it("a list with more requests than one page links to the page that follows", async () => {
    const { page } = await listOf(Array.from({ length: 30 }, () => "clara"));
    const first = await page();
    const second = await page(first.next?.split("?")[1]);
    const ids = [...first.requests, ...second.requests].map(({ requestId }) => requestId);
    expect(first.next).toMatch(/^https:\/\/api\.example\/ccd-requests\?after=/);
    expect(ids).toEqual(Array.from({ length: 30 }, (_, index) => idOf(29 - index)));
    expect(second.next).toBeUndefined();
  });

  it("a page that the bridge did not link to is refused", async () => {
    const { call } = await listOf([]);
    expect((await problemOf(call("GET /ccd-requests", { queryString: "after=x" }))).status).toBe(400);
  });
});
