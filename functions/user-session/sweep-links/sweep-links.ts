import type { SweepResult, SweepTrigger } from "#platform/executions/sweep-trigger.ts";
import { reasonOf } from "#platform/faults/reason-of.ts";
import type { Log } from "#platform/lambda/log.ts";
import type { Step } from "#platform/lambda/step.ts";
import type { LinkEvent } from "#user-session/language/link-events.ts";
import type { SessionLogCode } from "#user-session/language/log-codes.ts";
import type { LinkRecords } from "../links/link-records.ts";

export interface SweepLinksPorts {
  records: Pick<LinkRecords, "due" | "postpone">;
  /**
   * Carries on what a link has begun, and returns the events that it published.
   * @param now the sweep's clock, in milliseconds since the epoch
   */
  settle: (linkId: string, now: number) => Promise<LinkEvent[]>;
  /** A sweep looks at so many links at most. The next sweep begins with those that wait longest. */
  mostLinks: number;
  /** Counts an end that another process should have published. */
  countEnd: () => void;
  log: Log<SessionLogCode>;
}

/** A link that could not be settled is looked at again after this time. */
const retryMs = 5 * 60_000;

/**
 * Finds links that no process carries on, and settles them: launches that nobody finished in time or that were interrupted, sessions
 * that were given up and not revoked yet, and ends and removals that were not published. That a launch has expired is published by a
 * sweep as a rule, so it is not counted for the alarm.
 * @throws Error if a link could not be settled. The others are settled first
 */
export const sweepLinks =
  ({ records, settle, mostLinks, countEnd, log }: SweepLinksPorts): Step<SweepTrigger, SweepResult> =>
  async ({ time }, { signal }) => {
    const now = Date.parse(time);
    let [checked, published, failed] = [0, 0, 0];
    for await (const linkId of records.due(now)) {
      if (checked >= mostLinks || signal.aborted) break;
      checked += 1;
      try {
        // It is postponed first, so that a link that cannot be settled never keeps a sweep from the others.
        await records.postpone(linkId, now + retryMs);
        for (const event of await settle(linkId, now)) {
          published += 1;
          if (isExpiry(event)) continue;
          countEnd();
          log.warn("LINK_END_SWEPT", { linkId, event: event.type });
        }
      } catch (fault) {
        failed += 1;
        log.error("LINK_NOT_SETTLED", { linkId, reason: reasonOf(fault) });
      }
    }
    log.info("LINKS_SWEPT", { checked, published, failed });
    if (failed > 0) throw new Error(`${failed} links could not be settled; the next sweep tries them again`);
    return { checked, published };
  };

function isExpiry(event: LinkEvent): boolean {
  return event.type === "User Link Failed" && event.detail.state === "expired";
}
