import * as z from "zod";
import {
  exportCancelled,
  exportCompleted,
  exportFailed,
  exportRequested,
} from "#bulk-export/language/export-events.ts";
import type { ExportRequestDetail } from "#bulk-export/language/export-request.ts";
import { type Finding, failed, ok, warning } from "#platform/findings/findings.ts";
import { type HeardEvent, type ListenerPorts, withListener } from "../listener/event-listener.ts";

/** The `source` of what the smoke test puts on the bus. */
export const smokeSource = "integra-bridge.smoke";

/** The `detail-type` of an event that shows whether the listener's rule works yet. No rule of the bridge matches it. */
const ruleProbe = "Smoke Test Begun";

/** The `detail-type`s that the listener's rule must match. */
export const heardTypes = [ruleProbe, "Export Completed", "Export Failed", "Export Cancelled"] as const;

/** A request that no stage accepts. It is refused before IntegraConnect is called. */
const refusedDetail = { level: "smoke-test" };

/** How long the rule may take to work, the bridge to refuse a request, and an export to end. */
const limitsMs = { rule: 120_000, refusal: 120_000, export: 1_800_000 };

const end = z.discriminatedUnion("type", [
  z.object({ type: z.literal("Export Completed"), detail: exportCompleted }),
  z.object({ type: z.literal("Export Failed"), detail: exportFailed }),
  z.object({ type: z.literal("Export Cancelled"), detail: exportCancelled }),
]);

type End = z.infer<typeof end>;

export interface TrialPorts {
  listener: ListenerPorts;
  /** The id of this smoke test. The listener's rule matches events with this `requestId` only. */
  requestId: string;
  now: () => number;
}

/**
 * Requests an export that the bridge refuses, and waits until a subscriber hears so. The request passes the bus, its rule,
 * the state machine and its functions. IntegraConnect is not called.
 */
export const tryRefusedExport = (ports: TrialPorts) => (): Promise<Finding> =>
  trial(ports, refusedDetail, limitsMs.refusal, (event) => {
    if (event.type === "Export Failed" && event.detail.error.name === "InvalidRequest")
      return ok(`the export ${event.detail.exportId} was refused as expected, and a subscriber heard of it`);
    return failed(
      `the request that is invalid on purpose ended as ${describeEnd(event)}`,
      'follow "An export failed" in docs/runbook.md',
    );
  });

/** Runs an export at IntegraConnect, and waits until a subscriber hears how it ended. */
export const tryExport = (ports: TrialPorts, detail: ExportRequestDetail) => (): Promise<Finding> =>
  trial(ports, detail, limitsMs.export, (event) => {
    const seen = `the export ${event.detail.exportId} ended as ${describeEnd(event)}`;
    if (event.type !== "Export Completed") return failed(seen, 'follow "An export failed" in docs/runbook.md');
    if (event.detail.status === "complete") return ok(seen);
    return warning(seen, 'follow "An export is partial" in docs/runbook.md');
  });

async function trial(
  { listener, requestId, now }: TrialPorts,
  detail: object,
  limitMs: number,
  judge: (event: End) => Finding,
): Promise<Finding> {
  return await withListener(listener, async () => {
    const hear = async (type: (event: HeardEvent) => boolean, untilMs: number, before = () => Promise.resolve()) => {
      for (const deadline = now() + untilMs; now() < deadline; ) {
        await before();
        const event = (await listener.receive()).find(type);
        if (event !== undefined) return event;
      }
      return undefined;
    };
    // A new rule takes a while to work. An export must not end before.
    const probe = () => listener.putEvent(ruleProbe, { requestId });
    if ((await hear(({ type }) => type === ruleProbe, limitsMs.rule, probe)) === undefined)
      return failed(
        "a temporary rule on the bus received nothing",
        "check that no service control policy denies sqs:SendMessage to events.amazonaws.com, and run this command again",
      );
    await listener.putEvent(exportRequested, { ...detail, requestId });
    const event = await hear(({ type }) => type !== ruleProbe, limitMs);
    if (event === undefined)
      return failed(
        `the request ${requestId} had no end within ${limitMs / 60_000} minutes`,
        'look for its execution in Step Functions, and follow "A trigger was not delivered" in docs/runbook.md if there is none',
      );
    return judge(end.parse(event));
  });
}

function describeEnd({ type, detail }: End): string {
  if (type === "Export Failed") return `${type}: ${detail.error.name}: ${detail.error.message}`;
  return type === "Export Completed" ? `${type}: ${detail.status}, ${detail.totals.files} files` : type;
}
