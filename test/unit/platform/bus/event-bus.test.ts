import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import { mockClient } from "aws-sdk-client-mock";
import { beforeEach, describe, expect, it } from "vitest";
import { type BridgeEvent, eventDetails } from "#functions/wings.ts";
import { eventBus } from "#platform/bus/event-bus.ts";
import { EventsUndelivered } from "#platform/faults/faults.ts";
import { patientExport } from "../../../fixtures/bridge-in-memory.ts";

const started: BridgeEvent = {
  type: "Export Started",
  detail: {
    version: "1",
    eventId: "e1/started",
    exportId: "e1",
    run: "first",
    requestId: null,
    request: patientExport.request,
    predecessor: null,
    startedAt: patientExport.startedAt,
    destination: { bucket: "landing", key: "exports/e1/" },
  },
};

const numbered = (number: number): BridgeEvent => ({
  ...started,
  detail: { ...started.detail, eventId: `e1/started/${number}` },
});

describe("the event bus", () => {
  const client = new EventBridgeClient({ region: "eu-central-1" });
  const mock = mockClient(client);
  let taken: PutEventsRequestEntry[];
  let slept: number[];
  const bus = () =>
    eventBus(client, "bridge", eventDetails, (ms) => {
      slept.push(ms);
      return Promise.resolve();
    });
  beforeEach(() => {
    taken = [];
    slept = [];
    mock.reset();
    mock.on(PutEventsCommand).callsFake(({ Entries = [] }: { Entries?: PutEventsRequestEntry[] }) => {
      taken.push(...Entries);
      return { FailedEntryCount: 0, Entries: Entries.map((_, index) => ({ EventId: String(index) })) };
    });
  });
  const takenIds = (): string[] => taken.map(({ Detail }) => (JSON.parse(Detail ?? "") as { eventId: string }).eventId);

  it("an event is sent with the bridge's source, its type and its detail", async () => {
    await bus().publish(started);
    expect(taken).toHaveLength(1);
    expect(taken[0]).toMatchObject({ EventBusName: "bridge", Source: "integra-bridge", DetailType: "Export Started" });
    expect(JSON.parse(taken[0]?.Detail ?? "")).toEqual(started.detail);
  });

  it("an event that EventBridge does not accept fails with the error code, although the call succeeded", async () => {
    mock
      .on(PutEventsCommand)
      .resolves({ FailedEntryCount: 1, Entries: [{ ErrorCode: "ThrottlingException", ErrorMessage: "slow" }] });
    const fault = await bus()
      .publish(started)
      .catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(EventsUndelivered);
    expect((fault as Error).message).toContain("ThrottlingException");
    expect(slept).toEqual([200, 1_000, 3_000]);
  });

  it("an event that EventBridge did not accept is sent again", async () => {
    mock
      .on(PutEventsCommand)
      .resolvesOnce({ FailedEntryCount: 1, Entries: [{ ErrorCode: "InternalFailure" }] })
      .callsFake(({ Entries = [] }: { Entries?: PutEventsRequestEntry[] }) => {
        taken.push(...Entries);
        return { FailedEntryCount: 0, Entries: [{ EventId: "2" }] };
      });
    await bus().publish(started);
    expect(taken.map(({ Detail }) => JSON.parse(Detail ?? "") as unknown)).toEqual([started.detail]);
  });

  it("an event that does not fit its schema is never sent", async () => {
    const wrong = { type: started.type, detail: { ...started.detail, patient: "Jane" } } as BridgeEvent;
    await expect(bus().publish(wrong)).rejects.toThrow("patient");
    expect(taken).toEqual([]);
  });

  it("many events are sent ten at a time", async () => {
    const events = Array.from({ length: 25 }, (_, number) => numbered(number));
    expect((await bus().publishAll(events)).size).toBe(0);
    expect(mock.commandCalls(PutEventsCommand).map(({ args }) => args[0].input.Entries?.length)).toEqual([10, 10, 5]);
    expect(takenIds()).toEqual(events.map(({ detail }) => detail.eventId));
  });

  it("only the events that EventBridge did not accept are sent again", async () => {
    const refusals = new Map([
      [1, 1],
      [3, 9],
    ]);
    mock.on(PutEventsCommand).callsFake(({ Entries = [] }: { Entries?: PutEventsRequestEntry[] }) => ({
      Entries: Entries.map((entry) => {
        const number = Number((JSON.parse(entry.Detail ?? "") as { eventId: string }).eventId.split("/").at(-1));
        const left = refusals.get(number) ?? 0;
        refusals.set(number, left - 1);
        if (left > 0) return { ErrorCode: "ThrottlingException" };
        taken.push(entry);
        return { EventId: "1" };
      }),
    }));
    const events = [0, 1, 2, 3].map(numbered);
    const faults = await bus().publishAll(events);
    expect(takenIds()).toEqual(["e1/started/0", "e1/started/2", "e1/started/1"]);
    expect([...faults.keys()]).toEqual([events[3]]);
    expect([...faults.values()][0]).toBeInstanceOf(EventsUndelivered);
  });

  it("if a request fails, the events that were accepted before are not reported as refused", async () => {
    mock
      .on(PutEventsCommand)
      .resolvesOnce({ Entries: [{ EventId: "1" }, { ErrorCode: "InternalFailure" }] })
      .rejectsOnce(new Error("no connection"));
    const events = [0, 1].map(numbered);
    const faults = await bus().publishAll(events);
    expect([...faults]).toEqual([[events[1], new Error("no connection")]]);
  });

  it("an event that the answer does not mention counts as refused", async () => {
    mock.on(PutEventsCommand).resolves({});
    expect((await bus().publishAll([started])).get(started)).toBeInstanceOf(EventsUndelivered);
  });

  it("no event is sent if one of them does not fit its schema", async () => {
    const wrong = { type: started.type, detail: { ...started.detail, patient: "Jane" } } as BridgeEvent;
    await expect(bus().publishAll([started, wrong])).rejects.toThrow("patient");
    expect(taken).toEqual([]);
  });
});
