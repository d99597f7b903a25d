import { withListener } from "./event-listener.ts";
import type { MessageListener, ReceivedMessage } from "./temporary-listener.ts";

/** The `source` of what `integra events tail` puts on the bus. */
export const tailSource = "integra-bridge.tail";

/** The `detail-type` of an event that shows whether the listener's rule works yet. No rule of the bridge matches it. */
export const tailProbe = "Tail Begun";

/** How long a new rule may take to work. */
const ruleLimitMs = 120_000;

export interface TailPorts {
  listener: MessageListener;
  /** The detail of the probe. The listener's rule must match it. */
  probeDetail: object;
  signal: AbortSignal;
  /** Milliseconds since the epoch. */
  now: () => number;
}

export interface TailLimits {
  /** Ends after this many events. */
  count: number;
  /** Ends at this time, in milliseconds since the epoch. */
  until: number;
}

/**
 * Hands on each event that a temporary listener receives, once, until a limit is reached. The rule and the queue are removed on every way
 * out.
 * @param listening is called as soon as the rule works: no later event is missed
 * @returns how many events were handed on
 * @throws the signal's reason if it fires; ListenerNotRemoved if something remains
 */
export async function tailEvents(
  ports: TailPorts,
  { count, until }: TailLimits,
  on: { listening: () => void; event: (event: ReceivedMessage) => void },
): Promise<number> {
  const { listener, signal, now } = ports;
  return await withListener(listener, async () => {
    const seen = new Set<string>();
    const handOn = (events: readonly ReceivedMessage[]) => {
      for (const event of events) {
        if (event.type === tailProbe || seen.has(event.id) || seen.size >= count) continue;
        seen.add(event.id);
        on.event(event);
      }
    };
    handOn(await awaitProbe(ports));
    on.listening();
    while (seen.size < count && now() < until) {
      signal.throwIfAborted();
      handOn(await listener.receive());
    }
    return seen.size;
  });
}

/** Waits until the rule works. Returns what came with the probe. */
async function awaitProbe({ listener, probeDetail, signal, now }: TailPorts): Promise<readonly ReceivedMessage[]> {
  for (const deadline = now() + ruleLimitMs; now() < deadline; ) {
    signal.throwIfAborted();
    await listener.putEvent(tailProbe, probeDetail);
    const events = await listener.receive();
    if (events.some(({ type }) => type === tailProbe)) return events;
  }
  throw new Error(
    "a temporary rule on the bus received nothing: check that no service control policy denies sqs:SendMessage to events.amazonaws.com",
  );
}
