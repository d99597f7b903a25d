import { type EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
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

/** PutEvents answers 200 even if it did not accept an entry. The bridge sends such an entry again, after these pauses. */
const pausesMs = [200, 1_000, 3_000];

/**
 * The bridge's bus for the events of one wing. An event that does not fit its schema is a bug of ours and is never sent.
 * @param schemas the schema of each detail, by its `detail-type`
 */
export function eventBus<Schemas extends EventSchemas>(
  eventBridge: EventBridgeClient,
  busName: string,
  schemas: Schemas,
  sleep: (ms: number) => Promise<void>,
): EventBus<EventOf<Schemas>> {
  return {
    publish: async ({ type, detail }) => {
      const checked = schemas[type]?.parse(detail);
      if (checked === undefined) throw new Error(`"${type}" is not an event of this bus`);
      const entry = {
        EventBusName: busName,
        Source: eventSource,
        DetailType: type,
        Detail: JSON.stringify(checked),
      };
      for (const pause of [...pausesMs, undefined]) {
        const { Entries } = await eventBridge.send(new PutEventsCommand({ Entries: [entry] }));
        const code = Entries?.[0]?.ErrorCode;
        if (code === undefined) return;
        if (pause === undefined)
          throw new EventsUndelivered(`EventBridge did not accept the event "${type}" (${checked.eventId}): ${code}`);
        await sleep(pause);
      }
    },
  };
}

/** A bus that reports each event once EventBridge has accepted it: to the audit trail, as metrics, or both. */
export function reportingBus<Event>(
  bus: EventBus<Event>,
  report: (event: Event) => Promise<void> | void,
): EventBus<Event> {
  return {
    publish: async (event) => {
      await bus.publish(event);
      await report(event);
    },
  };
}
