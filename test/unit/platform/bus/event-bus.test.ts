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
      return { FailedEntryCount: 0, Entries: [{ EventId: "1" }] };
    });
  });

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
});
