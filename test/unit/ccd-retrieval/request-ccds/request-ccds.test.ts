import { beforeEach, describe, expect, it } from "vitest";
import { CcdRequestRefused } from "#ccd-retrieval/language/ccd-faults.ts";
import type { CcdOrder } from "#ccd-retrieval/language/ccd-request.ts";
import type { ServerRequestResult } from "#ccd-retrieval/language/ccd-state.ts";
import { type KnownPatient, nothingKnown } from "#ccd-retrieval/language/known-patient.ts";
import { requestCcds } from "#ccd-retrieval/request-ccds/request-ccds.ts";
import type { ServerRequestAnswer } from "#ccd-retrieval/server/create-server-request.ts";
import { settlingTimeMs } from "#platform/executions/is-over.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import {
  type CcdsInMemory,
  ccdRecord,
  ccdsInMemory,
  other,
  own,
  ownContext,
  ownKnown,
  ownPatient,
} from "#test/fixtures/ccds-in-memory.ts";
import { ReadRefused } from "#user-session/language/session-faults.ts";

const pendingElsewhere: ServerRequestAnswer = { state: "pending-elsewhere", serverRequestId: "server-7" };

describe("request-ccds", () => {
  let bridge: CcdsInMemory;
  let requested: CcdOrder[];
  let answer: ServerRequestAnswer | Error;
  /** The calls of the server, in order. */
  let happened: string[];
  let patient: KnownPatient | Error | undefined;
  beforeEach(async () => {
    bridge = ccdsInMemory(ccdRecord(own), ccdRecord(other));
    requested = [];
    answer = { state: "created", serverRequestId: "server-1" };
    happened = [];
    patient = ownKnown;
    await bridge.leases.take("ccd-session-service", { execution: own, exportId: own, kickOff: "" }, "n");
  });

  const request = (order?: ServerRequestResult) => {
    const step = requestCcds({
      ...bridge,
      readPatient: (_, patientId) => {
        happened.push(`read ${patientId}`);
        return patient instanceof Error ? Promise.reject(patient) : Promise.resolve(patient);
      },
      createServerRequest: (_, wanted) => {
        happened.push("requested");
        requested.push(wanted);
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
    });
    return step({ request: ownContext, order }, bridge.stepContext);
  };

  it("the server request is for the patient in the record, and its id is stored as ours", async () => {
    expect(await request()).toMatchObject({ outcome: "accepted", fetchFor: own });
    expect(requested).toEqual([{ patientId: ownPatient, startDate: null, endDate: null }]);
    expect(await bridge.requests.ownerOf("server-1")).toBe(own);
  });

  describe("the patient", () => {
    it("the Patient is read once, before the server request, and stored in the CCD request's own record", async () => {
      answer = pendingElsewhere;
      const first = await request();
      expect(bridge.requests.all.get(own)?.patient).toEqual(ownKnown);
      await request(first);
      expect(happened).toEqual([`read ${ownPatient}`, "requested", "requested"]);
      expect(bridge.requests.all.get(other)?.patient).toBeUndefined();
    });

    it("a Patient that cannot be read is given up after four attempts, and the server request is made without it", async () => {
      patient = new ServerUnavailable("HTTP 500");
      let order: ServerRequestResult | undefined;
      for (const troubles of [1, 2, 3]) {
        order = await request(order);
        expect(order).toMatchObject({ outcome: "busy", troubles });
      }
      expect(await request(order)).toMatchObject({ outcome: "accepted", troubles: 0 });
      expect(happened).toEqual([...Array.from({ length: 4 }, () => `read ${ownPatient}`), "requested"]);
      expect(await bridge.requests.find(own)).toMatchObject({ patient: nothingKnown });
    });

    it.each<[string, () => KnownPatient | Error | undefined]>([
      [
        "the server refuses to give it",
        () =>
          new ReadRefused("the server answered the read of one Patient with HTTP 403", {
            refusal: "forbidden",
            status: 403,
            diagnostics: `${ownPatient} is not yours`,
          }),
      ],
      ["the server answers with another one", () => undefined],
    ])(
      "without the Patient, because %s, the bridge goes on and logs a warning without the patient's id",
      async (_, given) => {
        patient = given();
        answer = pendingElsewhere;
        const first = await request();
        expect(first).toMatchObject({ outcome: "foreign" });
        expect(bridge.requests.all.get(own)?.patient).toEqual(nothingKnown);
        expect(bridge.logged).toContainEqual(expect.stringMatching(/^PATIENT_READ_(FAILED|MISMATCHED) /));
        expect(bridge.logged.join()).not.toContain(ownPatient);
        await request(first);
        expect(happened).toEqual([`read ${ownPatient}`, "requested", "requested"]);
      },
    );

    it("the Patient is read again after a 503, and no server request is made before", async () => {
      patient = new ServerUnavailable("503", { retryAfterMs: 7_000 });
      const busy = await request();
      expect(busy).toMatchObject({ outcome: "busy", troubles: 1, waitSeconds: 7 });
      patient = ownKnown;
      expect(await request(busy)).toMatchObject({ outcome: "accepted", troubles: 0 });
      expect(happened.filter((one) => one === "requested")).toHaveLength(1);
    });
  });

  it("a server request that was accepted before the step died is not made again", async () => {
    await bridge.requests.accept(own, "server-1");
    expect(await request()).toMatchObject({ outcome: "accepted", fetchFor: own });
    expect(requested).toEqual([]);
  });

  it("no server request is made without the session's lease", async () => {
    await bridge.leases.release("ccd-session-service", own);
    await expect(request()).rejects.toThrow("lease");
    expect(requested).toEqual([]);
  });

  it("a server request with an unknown id is waited for and never taken as ours, even if it is our own whose answer was lost", async () => {
    answer = pendingElsewhere;
    const first = await request();
    expect(first).toMatchObject({ outcome: "foreign", fetchFor: null, waitSeconds: 2 });
    expect(await request(first)).toMatchObject({ outcome: "foreign", waitSeconds: 3, tries: 2 });
    expect(await bridge.requests.ownerOf("server-7")).toBeUndefined();
    expect(bridge.requests.all.get(own)).toMatchObject({ serverRequestId: null });
  });

  it("the bridge waits if the server names no id of the request that blocks ours", async () => {
    answer = { state: "pending-elsewhere", serverRequestId: undefined };
    expect(await request()).toMatchObject({ outcome: "foreign", fetchFor: null });
    expect(bridge.logged.join()).toContain("SERVER_REQUEST_BLOCKED");
  });

  it("a blocking CCD request of ours whose execution has ended is finished first", async () => {
    await bridge.requests.accept(other, "server-7");
    await bridge.executions.start(other, {});
    bridge.executions.end(other, "ended");
    answer = pendingElsewhere;
    expect(await request()).toMatchObject({ outcome: "unfinished", fetchFor: other });
    expect(bridge.logged.join()).toContain("UNFINISHED_CCD_REQUEST_FOUND");
  });

  it("a blocking CCD request of ours whose execution is not known counts as ended only after some minutes", async () => {
    await bridge.requests.accept(other, "server-7");
    answer = pendingElsewhere;
    expect(await request()).toMatchObject({ outcome: "foreign" });
    bridge.clock.now += settlingTimeMs;
    expect(await request()).toMatchObject({ outcome: "unfinished", fetchFor: other });
  });

  it("a blocking CCD request of ours whose execution runs is left alone", async () => {
    await bridge.requests.accept(other, "server-7");
    await bridge.executions.start(other, {});
    answer = pendingElsewhere;
    expect(await request()).toMatchObject({ outcome: "foreign", fetchFor: null });
  });

  it("a refused server request fails without the server's text, which may repeat the patient's id", async () => {
    answer = { state: "refused", status: 400, code: "400", diagnostics: `no patient ${ownPatient}` };
    const fault = await request().catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(CcdRequestRefused);
    expect(String(fault)).toContain("HTTP 400");
    expect(String(fault)).not.toContain(ownPatient);
  });

  it("an unusable answer leads to another attempt, up to a limit", async () => {
    answer = new ServerUnavailable("503", { retryAfterMs: 7_000 });
    const busy = await request();
    expect(busy).toMatchObject({ outcome: "busy", fetchFor: null, troubles: 1, waitSeconds: 7 });
    await expect(request({ ...busy, troubles: 19 })).rejects.toThrow(ServerUnavailable);
  });

  it("the result and the logs of request-ccds say nothing about the patient", async () => {
    expect(JSON.stringify([await request(), bridge.logged])).not.toContain(ownPatient);
  });
});
