import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SFNClient, StartExecutionCommand, StopExecutionCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CcdRequestRecord, ccdDocuments } from "#contracts/ccd-request.ts";
import type { EventDetail } from "#contracts/events.ts";
import { type CcdRequests, ccdRequests } from "#ledger/ccd-requests.ts";
import { clientSettings } from "#local/local-bridge.ts";
import { type BridgeUnderTest, bridgeUnderTest } from "#test/fixtures/bridge-under-test.ts";

const userId = "portal-user";

/** A bridge, and what a caller of its API would do, in the API's place. */
interface Retrieval {
  under: BridgeUnderTest;
  requests: CcdRequests;
  patients: string[];
  /** Keeps a request's record. */
  record: (patientId: string, requestedAt?: string) => Promise<string>;
  /** Keeps it and starts its execution. */
  request: (patientId: string, requestedAt?: string) => Promise<string>;
  /** Stops its execution, as an operator may. */
  stop: (requestId: string) => Promise<void>;
}

let numbers = 0;

async function startRetrieval(): Promise<Retrieval> {
  const under = await bridgeUnderTest({ simulator: { patients: 12, ccdDurationMs: 800 } });
  const { aws, outputs } = under.bridge;
  const dynamo = new DynamoDBClient(clientSettings(aws));
  const requests = ccdRequests({ dynamo, table: outputs.ledgerTableName, keptDays: undefined, now: Date.now });
  const stepFunctions = new SFNClient(clientSettings(aws));
  const record = async (patientId: string, requestedAt = new Date().toISOString()): Promise<string> => {
    const requestId = `ccd-${String((numbers += 1)).padStart(32, "0")}`;
    const order = { patientId, startDate: null, endDate: null };
    await requests.create({ ...pending, requestId, requestedAt, order });
    return requestId;
  };
  return {
    under,
    requests,
    patients: under.simulator.records.ofType("Patient").map(({ id }) => id),
    record,
    request: async (patientId, requestedAt) => {
      const name = await record(patientId, requestedAt);
      const input = JSON.stringify({ requestId: name });
      await stepFunctions.send(new StartExecutionCommand({ stateMachineArn: outputs.ccdStateMachineArn, name, input }));
      return name;
    },
    stop: async (requestId) => {
      const executionArn = `${outputs.ccdStateMachineArn.replace(":stateMachine:", ":execution:")}:${requestId}`;
      await stepFunctions.send(new StopExecutionCommand({ executionArn }));
    },
  };
}

const pending: Omit<CcdRequestRecord, "requestId" | "requestedAt" | "order"> = {
  caller: "arn:aws:iam::000000000000:user/test",
  sessionId: "service",
  bodyDigest: "none",
  state: "pending",
  serverRequestId: null,
  failure: null,
  endedAt: null,
};

describe("requests for CCDs", () => {
  let retrieval: Retrieval;
  beforeAll(async () => {
    retrieval = await startRetrieval();
  });
  afterAll(() => retrieval?.under.stop());

  const patient = (place: number): string => retrieval.patients[place] ?? "";

  async function ready(requestId: string): Promise<EventDetail<"Ccd Ready">> {
    const event = await retrieval.under.awaitCcdEnd(requestId);
    if (event["detail-type"] !== "Ccd Ready") throw new Error(JSON.stringify(event));
    return event.detail;
  }

  async function failed(requestId: string): Promise<EventDetail<"Ccd Failed">> {
    const event = await retrieval.under.awaitCcdEnd(requestId);
    if (event["detail-type"] !== "Ccd Failed") throw new Error(JSON.stringify(event));
    return event.detail;
  }

  /** That exactly the documents of this patient landed for the request, byte for byte, and its record says so. */
  async function expectDocumentsOf(requestId: string, patientId: string): Promise<void> {
    const { simulator, caller } = retrieval.under;
    const told = await ready(requestId);
    const index = ccdDocuments.parse(JSON.parse((await caller.readObject(told.index.key)).toString("utf8")));
    const landed = await Promise.all(index.documents.map(async ({ key }) => (await caller.readObject(key)).toString()));
    const record = await retrieval.requests.find(requestId);
    const sent = simulator.ccdDocumentsOf(record?.serverRequestId ?? "").map(({ xml }) => xml);
    expect(landed.toSorted()).toEqual(sent.toSorted());
    expect(landed.length).toBeGreaterThan(0);
    expect(told.documents).toBe(landed.length);
    for (const xml of landed) expect(xml).toContain(`extension="${patientId}"`);
    expect(index.documents[0]).toMatchObject({ number: 1, encounterIds: [expect.any(String)] });
    expect(record).toMatchObject({ state: "ready", failure: null });
  }

  const keysOf = async (prefix: string): Promise<string[]> => [...(await retrieval.under.objects(prefix)).keys()];

  test("lead to documents, an event, and who asked in the audit trail", async () => {
    const requestId = await retrieval.request(patient(0));
    await expectDocumentsOf(requestId, patient(0));
    const facts = await keysOf(`audit/ccds/${requestId}/`);
    const names = new Set(facts.map((key) => key.split("/").at(-1)));
    expect(names).toEqual(new Set(["landed.json", "requested.json", "told-ready.json"]));
    const told = JSON.stringify(await retrieval.under.awaitCcdEnd(requestId));
    expect(told).not.toContain(patient(0));
  });

  test("of several patients at once each get their own patient's documents", async () => {
    const patients = [1, 2, 3, 4].map(patient);
    const requestIds = await Promise.all(patients.map((id) => retrieval.request(id)));
    for (const [place, requestId] of requestIds.entries()) await expectDocumentsOf(requestId, patients[place] ?? "");
    const made = retrieval.under.simulator.ccdRequests().filter(({ patientId }) => patients.includes(patientId));
    expect(made.map(({ patientId }) => patientId).toSorted()).toEqual(patients.toSorted());
  });

  test("wait out somebody else's, and use its id for nothing", async () => {
    const { simulator } = retrieval.under;
    const foreign = simulator.addForeignCcdRequest({ userId, patientId: patient(5), durationMs: 2_000 });
    const requestId = await retrieval.request(patient(6));
    await expectDocumentsOf(requestId, patient(6));
    expect(simulator.ccdRequests().find(({ id }) => id === foreign)).toMatchObject({ downloads: 0 });
  });

  test("of which one's execution ended are finished for its own patient first", async () => {
    const { simulator } = retrieval.under;
    const dead = await retrieval.record(patient(7));
    const serverRequestId = simulator.addForeignCcdRequest({ userId, patientId: patient(7), durationMs: 3_000 });
    await retrieval.requests.accept(dead, serverRequestId);
    const heir = await retrieval.request(patient(8));
    await expectDocumentsOf(dead, patient(7));
    await expectDocumentsOf(heir, patient(8));
  });

  test("end where their execution is stopped, and leave the session to the next", async () => {
    const foreign = retrieval.under.simulator.addForeignCcdRequest({ userId, patientId: patient(5) });
    const stopped = await retrieval.request(patient(9));
    await retrieval.stop(stopped);
    expect((await failed(stopped)).error.name).toBe("RetrievalStopped");
    expect(await retrieval.requests.find(stopped)).toMatchObject({ state: "failed" });
    retrieval.under.simulator.clearCcdRequest(foreign);
    await expectDocumentsOf(await retrieval.request(patient(10)), patient(10));
  });

  test("fail at the deadline, saying so, where somebody else's never clears", async () => {
    const { simulator } = retrieval.under;
    const foreign = simulator.addForeignCcdRequest({ userId, patientId: patient(5) });
    const almostAnHourAgo = new Date(Date.now() - (3600 - 10) * 1000).toISOString();
    const requestId = await retrieval.request(patient(11), almostAnHourAgo);
    const { error } = await failed(requestId);
    expect(error).toMatchObject({ name: "DeadlineExceeded", message: expect.stringContaining("never used") });
    expect(await keysOf(`ccds/${requestId}/`)).toEqual([]);
    expect(simulator.ccdRequests().find(({ id }) => id === foreign)).toMatchObject({ downloads: 0 });
    simulator.clearCcdRequest(foreign);
  });

  test.each([
    ["documents of another patient", "wrong-patient", "WrongPatient"],
    ["a document that loads an external entity", "external-entity", "DocumentsRefused"],
    ["an archive that leads out of its folder", "zip-slip", "DocumentsRefused"],
  ] as const)(
    "that are answered by %s fail, with nothing landed and the original in quarantine",
    async (_, attack, name) => {
      retrieval.under.simulator.faults.script("ccd-download", [{ kind: "hostile-ccd", attack }]);
      const requestId = await retrieval.request(patient(9));
      const { error } = await failed(requestId);
      expect(error.name).toBe(name);
      expect(await keysOf(`ccds/${requestId}/`)).toEqual([]);
      expect((await keysOf(`quarantine/ccds/${requestId}/`)).toSorted()).toEqual([
        `quarantine/ccds/${requestId}/answer`,
        `quarantine/ccds/${requestId}/reason.json`,
      ]);
      expect(await keysOf(`audit/ccds/${requestId}/`)).toContain(`audit/ccds/${requestId}/quarantined.json`);
      expect(await retrieval.requests.find(requestId)).toMatchObject({ state: "failed", failure: error });
    },
  );

  test("fail at once where the session is dead, in words that say how to renew it", async () => {
    retrieval.under.simulator.revokeUserTokens();
    retrieval.under.simulator.endSessions(userId);
    const { error } = await failed(await retrieval.request(patient(10)));
    expect(error).toMatchObject({ name: "SessionDead", message: expect.stringContaining("session") });
  });
});
