import { type EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import { EventsUndelivered } from "#platform/faults/faults.ts";
import { type EventOf, type EventSchemas, eventSource } from "./event-language.ts";

/** Where a wing publishes its events. */
export interface EventBus<Event> {
  /**
   * Publishes one event.
   * @throws EventsUndelivered if the bus does not accept it
   */
  publish(event: Event): Promise<void>;
}

/** A bus that takes several events with one request. */
export interface BatchEventBus<Event> extends EventBus<Event> {
  /**
   * Publishes events, and returns those that were not accepted, each with its fault: `EventsUndelivered`, or the error of the request. Each
   * event stands for itself: one that is not accepted holds no other back.
   */
  publishAll<Sent extends Event>(events: readonly Sent[]): Promise<ReadonlyMap<Sent, unknown>>;
}

/** PutEvents answers 200 even if it did not accept an entry. The bridge sends such an entry again, after these pauses. */
const pausesMs = [200, 1_000, 3_000];

/** The most entries of a request (EventBridge API Reference, PutEvents). */
const mostEntries = 10;

/** An event that is to be sent. */
interface Outgoing<Event> {
  event: Event;
  entry: PutEventsRequestEntry;
  /** For the message of a fault. */
  name: string;
}

/**
 * The bridge's bus for the events of one wing. An event that does not fit its schema is a bug of ours and is never sent.
 * @param schemas the schema of each detail, by its `detail-type`
 */
export function eventBus<Schemas extends EventSchemas>(
  eventBridge: EventBridgeClient,
  busName: string,
  schemas: Schemas,
  sleep: (ms: number) => Promise<void>,
): BatchEventBus<EventOf<Schemas>> {
  type Event = EventOf<Schemas>;
  const outgoing = <Sent extends Event>(event: Sent): Outgoing<Sent> => {
    const { type, detail } = event;
    const checked = schemas[type]?.parse(detail);
    if (checked === undefined) throw new Error(`"${type}" is not an event of this bus`);
    const entry = { EventBusName: busName, Source: eventSource, DetailType: type, Detail: JSON.stringify(checked) };
    return { event, entry, name: `"${type}" (${checked.eventId})` };
  };
  const publishAll = async <Sent extends Event>(events: readonly Sent[]): Promise<ReadonlyMap<Sent, unknown>> => {
    const all = events.map((event) => outgoing(event));
    const faults = new Map<Sent, unknown>();
    for (let begin = 0; begin < all.length; begin += mostEntries)
      await send(eventBridge, all.slice(begin, begin + mostEntries), faults, sleep);
    return faults;
  };
  return {
    publish: async (event) => {
      const faults = await publishAll([event]);
      if (faults.has(event)) throw faults.get(event);
    },
    publishAll,
  };
}

/** Sends entries until each is accepted, or was refused too often. */
async function send<Event>(
  eventBridge: EventBridgeClient,
  entries: readonly Outgoing<Event>[],
  faults: Map<Event, unknown>,
  sleep: (ms: number) => Promise<void>,
): Promise<void> {
  let pending = entries;
  try {
    for (const pause of [...pausesMs, undefined]) {
      const answer = await eventBridge.send(new PutEventsCommand({ Entries: pending.map(({ entry }) => entry) }));
      const codes = new Map(pending.map((one, position) => [one, refusalOf(answer.Entries?.[position])]));
      pending = pending.filter((one) => codes.get(one) !== undefined);
      if (pending.length === 0) return;
      if (pause === undefined) {
        for (const one of pending)
          faults.set(
            one.event,
            new EventsUndelivered(`EventBridge did not accept the event ${one.name}: ${codes.get(one)}`),
          );
        return;
      }
      await sleep(pause);
    }
  } catch (error) {
    for (const { event } of pending) faults.set(event, error);
  }
}

/** Why an entry was not accepted; undefined if it was. */
function refusalOf(result: { ErrorCode?: string | undefined } | undefined): string | undefined {
  return result === undefined ? "the answer does not mention it" : result.ErrorCode;
}

/** A bus that reports each event once EventBridge has accepted it: to the audit trail, as metrics, or both. */
export function reportingBus<Event>(
  bus: BatchEventBus<Event>,
  report: (event: Event) => Promise<void> | void,
): BatchEventBus<Event> {
  return {
    publish: async (event) => {
      await bus.publish(event);
      await report(event);
    },
    publishAll: async (events) => {
      const faults = await bus.publishAll(events);
      for (const event of events) if (!faults.has(event)) await report(event);
      return faults;
    },
  };
}
