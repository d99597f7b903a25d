import { beforeEach, describe, expect, it } from "vitest";
import { CcdRequestRefused } from "#ccd-retrieval/language/ccd-faults.ts";
import type { CcdQuery } from "#ccd-retrieval/language/ccd-protocol.ts";
import type { CcdOrderResult } from "#ccd-retrieval/language/ccd-state.ts";
import { type KnownPatient, nothingKnown } from "#ccd-retrieval/language/known-patient.ts";
import { requestCcds } from "#ccd-retrieval/request-ccds/request-ccds.ts";
import type { CcdRequestAnswer } from "#ccd-retrieval/server/ccd-answers.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { ReadRefused } from "#user-session/language/session-faults.ts";
import {
  type CcdsInMemory,
  ccdRecord,
  ccdsInMemory,
  other,
  own,
  ownContext,
  ownKnown,
  ownPatient,
} from "../../../fixtures/ccds-in-memory.ts";

const pendingElsewhere: CcdRequestAnswer = { state: "pending-elsewhere", requestId: "server-7" };

describe("requesting CCDs", () => {
  let bridge: CcdsInMemory;
  let asked: CcdQuery[];
  let answer: CcdRequestAnswer | Error;
  /** What happened at the server, in order. */
  let happened: string[];
  let patient: KnownPatient | Error | undefined;
  beforeEach(async () => {
    bridge = ccdsInMemory(ccdRecord(own), ccdRecord(other));
    asked = [];
    answer = { state: "created", requestId: "server-1" };
    happened = [];
    patient = ownKnown;
    await bridge.leases.take("ccd-session-service", { execution: own, exportId: own, asks: "" }, "n");
  });

  const request = (order?: CcdOrderResult) => {
    const step = requestCcds({
      ...bridge,
      readPatient: (patientId) => {
        happened.push(`read ${patientId}`);
        return patient instanceof Error ? Promise.reject(patient) : Promise.resolve(patient);
      },
      createRequest: (query) => {
        happened.push("asked");
        asked.push(query);
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
    });
    return step({ request: ownContext, order }, bridge.stepContext);
  };

  it("asks for the patient of the record, and keeps which of the server's requests is ours", async () => {
    expect(await request()).toMatchObject({ outcome: "accepted", fetchFor: own });
    expect(asked).toEqual([{ patientId: ownPatient, startDate: undefined, endDate: undefined }]);
    expect(await bridge.requests.ownerOf("server-1")).toBe(own);
  });

  describe("reads its patient", () => {
    it("once, before it asks, and keeps what is known in the request's own record", async () => {
      answer = pendingElsewhere;
      const first = await request();
      expect(bridge.requests.all.get(own)?.patient).toEqual(ownKnown);
      await request(first);
      expect(happened).toEqual([`read ${ownPatient}`, "asked", "asked"]);
      expect(bridge.requests.all.get(other)?.patient).toBeUndefined();
    });

    it("a few times where the server is in trouble, and then goes on without: no documents wait for it for ever", async () => {
      patient = new ServerUnavailable("HTTP 500");
      let order: CcdOrderResult | undefined;
      for (const troubles of [1, 2, 3]) {
        order = await request(order);
        expect(order).toMatchObject({ outcome: "busy", troubles });
      }
      expect(await request(order)).toMatchObject({ outcome: "accepted", troubles: 0 });
      expect(happened).toEqual([...Array.from({ length: 4 }, () => `read ${ownPatient}`), "asked"]);
      expect(await bridge.requests.find(own)).toMatchObject({ patient: nothingKnown });
    });

    it.each<[string, () => KnownPatient | Error | undefined]>([
      [
        "where the server refuses it",
        () =>
          new ReadRefused("the server answered the read of one Patient with HTTP 403", {
            refusal: "forbidden",
            status: 403,
            diagnostics: `${ownPatient} is not yours`,
          }),
      ],
      ["where the server answers with somebody else", () => undefined],
    ])("and goes on knowing nothing %s, with a warning that names nobody", async (_, told) => {
      patient = told();
      answer = pendingElsewhere;
      const first = await request();
      expect(first).toMatchObject({ outcome: "foreign" });
      expect(bridge.requests.all.get(own)?.patient).toEqual(nothingKnown);
      expect(bridge.logged).toContainEqual(expect.stringContaining("judged by the id alone"));
      expect(bridge.logged.join()).not.toContain(ownPatient);
      await request(first);
      expect(happened).toEqual([`read ${ownPatient}`, "asked", "asked"]);
    });

    it("again where the server had trouble, and asks nothing before", async () => {
      patient = new ServerUnavailable("503", { retryAfterMs: 7_000 });
      const busy = await request();
      expect(busy).toMatchObject({ outcome: "busy", troubles: 1, waitSeconds: 7 });
      patient = ownKnown;
      expect(await request(busy)).toMatchObject({ outcome: "accepted", troubles: 0 });
      expect(happened.filter((one) => one === "asked")).toHaveLength(1);
    });
  });

  it("asks nothing again that the server had accepted when the step died", async () => {
    await bridge.requests.accept(own, "server-1");
    expect(await request()).toMatchObject({ outcome: "accepted", fetchFor: own });
    expect(asked).toEqual([]);
  });

  it("asks nothing without the session's lease", async () => {
    await bridge.leases.release("ccd-session-service", own);
    await expect(request()).rejects.toThrow("lease");
    expect(asked).toEqual([]);
  });

  it("waits out an id that it does not know, and takes it for nobody's: be it our own, whose answer got lost", async () => {
    answer = pendingElsewhere;
    const first = await request();
    expect(first).toMatchObject({ outcome: "foreign", fetchFor: null, waitSeconds: 2 });
    expect(await request(first)).toMatchObject({ outcome: "foreign", waitSeconds: 3, tries: 2 });
    expect(await bridge.requests.ownerOf("server-7")).toBeUndefined();
    expect(bridge.requests.all.get(own)).toMatchObject({ serverRequestId: null });
  });

  it("waits where the server names none", async () => {
    answer = { state: "pending-elsewhere", requestId: undefined };
    expect(await request()).toMatchObject({ outcome: "foreign", fetchFor: null });
  });

  it("has one of ours finished first whose execution has ended", async () => {
    await bridge.requests.accept(other, "server-7");
    answer = pendingElsewhere;
    expect(await request()).toMatchObject({ outcome: "unfinished", fetchFor: other });
  });

  it("leaves one of ours alone whose execution runs", async () => {
    await bridge.requests.accept(other, "server-7");
    await bridge.executions.start(other, {});
    answer = pendingElsewhere;
    expect(await request()).toMatchObject({ outcome: "foreign", fetchFor: null });
  });

  it("fails where it is refused, without the server's words, which may repeat what was asked", async () => {
    answer = { state: "refused", status: 400, code: "400", diagnostics: `no patient ${ownPatient}` };
    const fault = await request().catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(CcdRequestRefused);
    expect(String(fault)).toContain("HTTP 400");
    expect(String(fault)).not.toContain(ownPatient);
  });

  it("asks again where the answer says nothing, and not for ever", async () => {
    answer = new ServerUnavailable("503", { retryAfterMs: 7_000 });
    const busy = await request();
    expect(busy).toMatchObject({ outcome: "busy", fetchFor: null, troubles: 1, waitSeconds: 7 });
    await expect(request({ ...busy, troubles: 19 })).rejects.toThrow(ServerUnavailable);
  });

  it("says nothing of the patient in what it answers and logs", async () => {
    expect(JSON.stringify([await request(), bridge.logged])).not.toContain(ownPatient);
  });
});
