import { randomBytes } from "node:crypto";
import { Option } from "commander";
import * as z from "zod";
import { type EventType, eventDetails } from "#functions/wings.ts";
import { eventSource } from "#platform/bus/event-language.ts";
import { tailEvents, tailProbe, tailSource } from "../listener/tail-events.ts";
import type { ReceivedMessage } from "../listener/temporary-listener.ts";
import { withoutControls } from "../output/table.ts";
import { readableTime } from "../output/units.ts";
import { type CommandGroup, defineCommand } from "./command.ts";

const eventTypes = Object.keys(eventDetails) as EventType[];

const tailedEvent = z.strictObject({
  id: z.string(),
  time: z.string(),
  type: z.string(),
  detail: z.unknown().describe("docs/events.md describes the detail of each type."),
});

const tail = defineCommand({
  usage: "tail",
  summary: "Show the bridge's events as they are published, until Ctrl-C",
  details:
    "A temporary rule on the stage's bus sends them to a temporary queue. Both are removed on every way out. Your AWS credentials need " +
    "to create and remove rules and queues. Events have no patient data. With --json each event is one object in one line.",
  options: [
    new Option("--type <type...>", "only events of these types").choices(eventTypes),
    new Option("--export <exportId>", "only events about this export"),
    new Option("--count <number>", "end after this many events"),
    new Option("--for <seconds>", "end after this time"),
  ],
  input: z.object({
    type: z.array(z.enum(eventTypes)).optional(),
    export: z.string().optional(),
    count: z.coerce.number("must be a number").int().positive().default(Infinity),
    for: z.coerce.number("must be a number of seconds").positive().default(Infinity),
  }),
  answer: tailedEvent,
  streams: true,
  run: async (context, { type = eventTypes, export: exportId, count, for: seconds }) => {
    const { stage, access, output } = await context.stage();
    const { temporaryListener } = await import("../listener/temporary-listener.ts");
    const { signal, now, progress } = context;
    const listening = {
      name: `integra-bridge-${stage}-tail-${randomBytes(5).toString("hex")}`,
      busName: await output("landing", "BusName"),
      pattern: {
        source: [eventSource, tailSource],
        "detail-type": [...type, tailProbe],
        ...(exportId !== undefined && { detail: { exportId: [exportId] } }),
      },
      madeBy: "integra events tail",
      ownSource: tailSource,
    };
    const ports = {
      listener: temporaryListener(listening, signal, access),
      probeDetail: { exportId: exportId ?? "none" },
      signal,
      now,
    };
    await tailEvents(
      ports,
      { count, until: now() + seconds * 1000 },
      {
        listening: () => progress.note("listening; Ctrl-C ends it"),
        event: (event) => context.printEach(tailed(event), lineOf(event)),
      },
    );
    return { text: "" };
  },
});

const tailed = ({ id, time, type, detail }: ReceivedMessage): z.infer<typeof tailedEvent> => ({
  id,
  time,
  type,
  detail,
});

/** The members of a detail that people look for first. */
const shownMembers = ["exportId", "requestId", "linkId", "status", "key"] as const;

function lineOf({ time, type, detail }: ReceivedMessage): string {
  const members = (detail ?? {}) as Record<string, unknown>;
  const file = (members["file"] ?? {}) as Record<string, unknown>;
  const error = (members["error"] ?? {}) as Record<string, unknown>;
  const shown = shownMembers.flatMap((name) => {
    const value = members[name] ?? file[name];
    return typeof value === "string" ? [`${name}=${value}`] : [];
  });
  const failure = typeof error["name"] === "string" ? [`error=${error["name"]}`] : [];
  return withoutControls([readableTime(time), type, ...shown, ...failure].join("  "));
}

export const events: CommandGroup = {
  noun: "events",
  summary: "The events that the bridge publishes",
  commands: [tail],
};
