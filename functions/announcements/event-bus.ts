import { type EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { EventsUndelivered } from "#contracts/errors.ts";
import { type BridgeEvent, eventDetails, eventSource } from "#contracts/events.ts";

/** Tells the subscribers. */
export interface EventBus {
  /**
   * Publishes one event.
   * @throws EventsUndelivered where the bus does not take it
   */
  publish(event: BridgeEvent): Promise<void>;
}

/** PutEvents answers 200 even where it did not take an entry: what failed is sent again, after these pauses. */
const pausesMs = [200, 1_000, 3_000];

/** The bridge's bus. An event that does not fit its schema is a fault of ours and is not sent. */
export function eventBus(
  eventBridge: EventBridgeClient,
  busName: string,
  sleep: (ms: number) => Promise<void>,
): EventBus {
  return {
    publish: async ({ type, detail }) => {
      const entry = {
        EventBusName: busName,
        Source: eventSource,
        DetailType: type,
        Detail: JSON.stringify(eventDetails[type].parse(detail)),
      };
      for (const pause of [...pausesMs, undefined]) {
        const { Entries } = await eventBridge.send(new PutEventsCommand({ Entries: [entry] }));
        const code = Entries?.[0]?.ErrorCode;
        if (code === undefined) return;
        if (pause === undefined)
          throw new EventsUndelivered(`the event "${type}" (${detail.eventId}) was not taken: ${code}`);
        await sleep(pause);
      }
    },
  };
}
