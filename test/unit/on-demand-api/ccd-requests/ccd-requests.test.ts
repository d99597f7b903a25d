import { describe, expect, it } from "vitest";
import type { CcdDocument } from "#ccd-retrieval/language/ccd-request.ts";
import { type CcdRequestsPorts, ccdRequests } from "#on-demand-api/ccd-requests/ccd-requests.ts";
import { repeatableIds } from "#on-demand-api/ccd-requests/request-ids.ts";
import type { ApiRequest } from "#on-demand-api/gateway/api.ts";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import type { CcdRequestAnswer } from "#on-demand-api/language/ccd-request-messages.ts";
import type { PatientSearchParameters } from "#on-demand-api/language/patient-search.ts";
import type { PatientMatch } from "#on-demand-api/server/patient-search.ts";
import { ccdsInMemory } from "../../../fixtures/ccds-in-memory.ts";
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

const problem = async (asked: Promise<unknown>): Promise<ApiProblem> => {
  const fault = await asked.catch((error: unknown) => error);
  if (fault instanceof ApiProblem) return fault;
  throw new Error("a problem was expected", { cause: fault });
};

/** The API over a ledger, an execution list and a clock in memory. */
function apiWith(match: PatientMatch = { match: "none" }, more: Partial<CcdRequestsPorts> = {}) {
  const { requests } = ccdsInMemory();
  const executions = executionsInMemory();
  const searched: PatientSearchParameters[] = [];
  const clock = { now: start, onSleep: (): Promise<unknown> => Promise.resolve() };
  const handle = ccdRequests({
    matchPatient: (parameters) => {
      searched.push(parameters);
      return Promise.resolve(match);
    },
    requests,
    executions,
    documents: {
      index: (requestId) => Promise.resolve({ requestId, documents: [document] }),
      link: (key) => Promise.resolve(`https://s3.example/${key}?X-Amz-Signature=1`),
    },
    repeatableId: repeatableIds(() => Promise.resolve("s".repeat(64))),
    sessionId: "service",
    shared: false,
    apiUrl: "https://api.example",
    now: () => clock.now,
    sleep: async (ms) => {
      clock.now += ms;
      await clock.onSleep();
    },
    ...more,
  });
  const ask = async (route: string, request: Partial<ApiRequest> = {}) => {
    const call = { route, caller: "clara", path: {}, queryString: "", headers: {}, body: Buffer.alloc(0), ...request };
    const answer = await asDescribed(route, handle(call, { signal }));
    const text = answer.body.toString("utf8");
    return { ...answer, content: text === "" ? undefined : (JSON.parse(text) as CcdRequestAnswer) };
  };
  const post = (body: unknown, headers: Record<string, string> = {}, caller = "clara") =>
    ask("POST /ccd-requests", { body: Buffer.from(JSON.stringify(body)), headers, caller });
  return { ask, post, requests, executions, searched, clock };
}

describe("a POST", () => {
  it("keeps the request and starts its execution, which is told nothing but its id", async () => {
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

  it("finds the one patient by what is known of them, and names them to nobody", async () => {
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
  ])("starts nothing where it is not one: %o", async (match, status, members) => {
    const { post, requests, executions } = apiWith(match);
    const told = await problem(post({ patient }));
    expect([told.status, told.members, requests.all.size, executions.known.size]).toEqual([status, members, 0, 0]);
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
  ])("of %o is refused with every fault", async (body, words) => {
    const { post, requests } = apiWith();
    const told = await problem(post(body));
    expect([told.status, told.detail, requests.all.size]).toEqual([400, expect.stringContaining(words), 0]);
  });

  it("that is no JSON is refused without being quoted", async () => {
    const { ask } = apiWith();
    const told = await problem(ask("POST /ccd-requests", { body: Buffer.from("{secret") }));
    expect([told.status, told.detail.includes("secret")]).toEqual([400, false]);
  });
});

describe("documents that were refused while others landed", () => {
  // D13
  it("are in the answer by number and reason, and nothing else of the index is", async () => {
    const refused = [{ number: 2, reason: "malformed-xml" as const }];
    const companions = [{ name: "Jane Roe.pdf", bytes: 7 }];
    const { ask, post, requests } = apiWith(undefined, {
      documents: {
        index: (requestId) => Promise.resolve({ requestId, documents: [document], refused, companions }),
        link: (key) => Promise.resolve(key),
      },
    });
    const { content } = await post({ patientId: "p1" });
    expect(content?.refused).toEqual([]);
    const id = content?.requestId ?? "";
    await requests.end(id, null, new Date(start).toISOString());
    const ready = await ask("GET /ccd-requests/{id}", { path: { id } });
    expect(ready.content).toMatchObject({ state: "ready", documents: [{ number: 1 }], refused });
    expect(ready.body.toString("utf8")).not.toContain("Jane");
    const path = { id, number: "2" };
    expect((await problem(ask("GET /ccd-requests/{id}/documents/{number}", { path }))).status).toBe(404);
  });
});

describe("an Idempotency-Key", () => {
  const headers = { "idempotency-key": "visit-1" };

  it("makes the same POST the same request, searched for and started once", async () => {
    const { post, searched, requests, executions } = apiWith({ match: "one", patientId: "p7" });
    const [first, again] = [await post({ patient }, headers), await post({ patient }, headers)];
    expect(again.content?.requestId).toBe(first.content?.requestId);
    expect([searched.length, requests.all.size, executions.known.size]).toEqual([1, 1, 1]);
  });

  it("with another body is refused; of another caller it is another request", async () => {
    const { post, requests } = apiWith();
    await post({ patientId: "p1" }, headers);
    expect((await problem(post({ patientId: "p2" }, headers))).status).toBe(422);
    await post({ patientId: "p2" }, headers, "paul");
    expect([...requests.all.values()].map(({ caller, order }) => [caller, order.patientId])).toEqual([
      ["clara", "p1"],
      ["paul", "p2"],
    ]);
  });

  it("starts what a POST before had kept, but not started", async () => {
    let fails = true;
    const executions = executionsInMemory();
    const { post } = apiWith(undefined, {
      executions: {
        start: async (...call) => {
          if (fails) throw new Error("throttled");
          return await executions.start(...call);
        },
      },
    });
    expect(await problem(post({ patientId: "p1" }, headers))).toMatchObject({
      status: 503,
      retryAfterMs: 2_000,
      detail: expect.stringContaining("with the same Idempotency-Key") as string,
    });
    fails = false;
    const { content } = await post({ patientId: "p1" }, headers);
    expect([...executions.known.keys()]).toEqual([content?.requestId]);
  });

  it.each([["a b"], [""], ["x".repeat(256)]])("of %j is refused", async (key) => {
    const { post } = apiWith();
    expect((await problem(post({ patientId: "p1" }, { "idempotency-key": key }))).status).toBe(400);
  });
});

describe("a preference to wait", () => {
  it("is answered as soon as the request has its end", async () => {
    const { post, requests, clock } = apiWith();
    clock.onSleep = async () => {
      const [id = ""] = requests.all.keys();
      if (clock.now >= start + 3_000) await requests.end(id, null, new Date(clock.now).toISOString());
    };
    const { status, content } = await post({ patientId: "p1" }, { prefer: "respond-async, wait=20" });
    const [{ href, ...shown } = { href: "" }] = content?.documents ?? [];
    const { key: _, ...told } = document;
    expect([status, content?.state, clock.now - start, shown]).toEqual([200, "ready", 3_000, told]);
    expect(href).toBe(`https://api.example/ccd-requests/${content?.requestId}/documents/1`);
  });

  it.each([
    ["wait=5", 5_000],
    ["wait=3600", 20_000],
    ["wait=0", 0],
    ["respond-async", 0],
  ])("%s waits %i ms for a request that does not end", async (prefer, ms) => {
    const { post, clock } = apiWith();
    const { status } = await post({ patientId: "p1" }, { prefer });
    expect([status, clock.now - start]).toEqual([202, ms]);
  });
});

/** A request that was asked for, to be looked at. */
const asked = async (more: Partial<CcdRequestsPorts> = {}) => {
  const api = apiWith(undefined, more);
  const id = (await api.post({ patientId: "p1" })).content?.requestId ?? "";
  const look = (caller = "clara") => api.ask("GET /ccd-requests/{id}", { path: { id }, caller });
  const open = (number: string, caller = "clara") =>
    api.ask("GET /ccd-requests/{id}/documents/{number}", { path: { id, number }, caller });
  return { ...api, id, look, open };
};

describe("a request and its documents", () => {
  it("are shown as they are: pending, ready, failed", async () => {
    const { look, requests, id } = await asked();
    expect((await look()).content).toMatchObject({ state: "pending", documents: [] });
    await requests.end(id, { name: "WrongPatient", message: "of somebody else" }, "2026-03-01T12:00:05.000Z");
    expect((await look()).content).toMatchObject({
      state: "failed",
      failure: { name: "WrongPatient" },
      documents: [],
    });
  });

  it("lead to a document by a link, once it is there", async () => {
    const { open, requests, id } = await asked();
    expect((await problem(open("1"))).status).toBe(404);
    await requests.end(id, null, "2026-03-01T12:00:05.000Z");
    const { status, headers, body } = await open("1");
    const location = "https://s3.example/ccds/x/1.xml?X-Amz-Signature=1";
    expect([status, headers, body.length]).toEqual([303, { location }, 0]);
    for (const number of ["2", "0", "01", "x", ""]) expect((await problem(open(number))).status).toBe(404);
  });

  it("are not there for anybody else, unless the stage shares them", async () => {
    const own = await asked();
    await own.requests.end(own.id, null, "2026-03-01T12:00:05.000Z");
    const told = [await problem(own.look("paul")), await problem(own.open("1", "paul"))];
    expect(told.map(({ status }) => status)).toEqual([404, 404]);
    const unknown = await problem(own.ask("GET /ccd-requests/{id}", { path: { id: "ccd-0" } }));
    expect(told[0]?.detail).toBe(unknown.detail);
    const shared = await asked({ shared: true });
    expect((await shared.look("paul")).status).toBe(200);
  });
});
