import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { settlingTimeMs } from "#platform/executions/is-over.ts";
import {
  type RetrievalUnderTest,
  retrievalUnderTest,
  shortCcdMs,
  userId,
} from "#test/fixtures/retrieval-under-test.ts";

describe("requests for CCDs", () => {
  let retrieval: RetrievalUnderTest;
  beforeAll(async () => {
    retrieval = await retrievalUnderTest();
  });
  afterAll(() => retrieval?.under.stop());

  const patient = (place: number): string => retrieval.patient(place);
  const madeFor = (patientId: string) =>
    retrieval.under.simulator.serverRequests().filter((made) => made.patientId === patientId && !made.unrelated);
  const answeredRequests = (): number =>
    retrieval.under.simulator.log.filter(({ endpoint, status }) => endpoint === "ccd-request" && status !== null)
      .length;

  test("a CCD request lands documents, publishes an event, and is recorded in the audit trail", async () => {
    const { request, expectDocumentsOf, under } = retrieval;
    const requestId = await request(patient(0));
    await expectDocumentsOf(requestId, patient(0));
    const facts = async () =>
      new Set([...(await under.auditRecords(`ccds/${requestId}/`)).keys()].map((key) => key.split("/").at(-1)));
    // The last fact is recorded after its event was published.
    await expect.poll(facts).toEqual(new Set(["landed.json", "requested.json", "told-ready.json"]));
    expect(JSON.stringify(await under.awaitCcdEnd(requestId))).not.toContain(patient(0));
  });

  test("ten concurrent CCD requests each land their own patient's documents", async () => {
    const { request, expectDocumentsOf, under } = retrieval;
    const patients = Array.from({ length: 10 }, (_, place) => patient(place + 1));
    const before = under.simulator.log.length;
    const requestIds = await Promise.all(patients.map((id) => request(id)));
    for (const [place, requestId] of requestIds.entries()) await expectDocumentsOf(requestId, patients[place] ?? "");
    for (const id of patients) expect(madeFor(id)).toMatchObject([{ status: "Complete", downloads: 1 }]);
    // The bridge made them one after another, so the server never answered with the id of another request.
    const serverRequests = under.simulator.log.slice(before).filter(({ endpoint }) => endpoint === "ccd-request");
    expect(serverRequests.map(({ status }) => status)).toEqual(patients.map(() => 200));
  });

  test("a CCD request waits while an unrelated server request is pending, and never downloads with its id", async () => {
    const { simulator } = retrieval.under;
    const unrelated = simulator.addUnrelatedServerRequest({ userId, patientId: patient(5), durationMs: 600_000 });
    const before = answeredRequests();
    const requestId = await retrieval.request(patient(6));
    await expect.poll(answeredRequests).toBeGreaterThan(before);
    simulator.completeServerRequests();
    await retrieval.expectDocumentsOf(requestId, patient(6));
    expect(simulator.serverRequests().find(({ id }) => id === unrelated)).toMatchObject({ downloads: 0 });
  });

  test("an unfinished CCD request without an execution is finished first, for its own patient", async () => {
    const { under, requests, record, request, expectDocumentsOf } = retrieval;
    // Step Functions may not know an execution of the last minutes yet, so only an older request counts as one without.
    const unfinished = await record(patient(7), new Date(Date.now() - settlingTimeMs).toISOString());
    const made = { userId, patientId: patient(7), durationMs: 600_000 };
    await requests.accept(unfinished, under.simulator.addUnrelatedServerRequest(made));
    const before = answeredRequests();
    const next = await request(patient(8));
    // The server answers the next request with the unfinished one's id as long as it works on that one.
    await expect.poll(answeredRequests).toBeGreaterThan(before);
    under.simulator.completeServerRequests();
    await expectDocumentsOf(unfinished, patient(7));
    await expectDocumentsOf(next, patient(8));
  });

  test("a CCD request fails if its execution is stopped, and leaves the session to the next one", async () => {
    const { under, requests, request, stop, failed, expectDocumentsOf } = retrieval;
    const unrelated = under.simulator.addUnrelatedServerRequest({ userId, patientId: patient(5) });
    const stopped = await request(patient(9));
    await stop(stopped);
    expect((await failed(stopped)).error.name).toBe("RetrievalStopped");
    expect(await requests.find(stopped)).toMatchObject({ state: "failed" });
    under.simulator.releaseServerRequest(unrelated);
    await expectDocumentsOf(await request(patient(10)), patient(10));
  });

  test("a CCD request that is stopped while the server works on it lands no document, and the next one lands its own patient's", async () => {
    const { under, requests, request, stop, failed, expectDocumentsOf, keysOf } = retrieval;
    under.simulator.settings.ccdDurationMs = 600_000;
    const stopped = await request(patient(11));
    await expect.poll(async () => (await requests.find(stopped))?.serverRequestId).toEqual(expect.any(String));
    await stop(stopped);
    under.simulator.settings.ccdDurationMs = shortCcdMs;
    const next = await request(patient(0));
    expect((await failed(stopped)).error.name).toBe("RetrievalStopped");
    under.simulator.completeServerRequests();
    await expectDocumentsOf(next, patient(0));
    expect(await keysOf(`ccds/${stopped}/`)).toEqual([]);
    expect(await requests.find(stopped)).toMatchObject({ state: "failed" });
  });

  test("a CCD request fails at its deadline with the reason if an unrelated server request stays pending", async () => {
    const { under, request, failed, keysOf } = retrieval;
    const unrelated = under.simulator.addUnrelatedServerRequest({ userId, patientId: patient(5) });
    const almostAnHourAgo = new Date(Date.now() - (3600 - 60) * 1000).toISOString();
    const requestId = await request(patient(11), almostAnHourAgo);
    const { error } = await failed(requestId);
    expect(error).toMatchObject({ name: "DeadlineExceeded", message: expect.stringContaining("never used") });
    expect(await keysOf(`ccds/${requestId}/`)).toEqual([]);
    expect(under.simulator.serverRequests().find(({ id }) => id === unrelated)).toMatchObject({ downloads: 0 });
    under.simulator.releaseServerRequest(unrelated);
  });
});
