import * as z from "zod";
import { bulkExport, schedule, scheduleFaults } from "./settings/bulk-export.ts";
import { ccd } from "./settings/ccd-retrieval.ts";
import { clientKey } from "./settings/client-keys.ts";
import { integra } from "./settings/integra.ts";
import { api } from "./settings/on-demand-api.ts";
import { alarms, retention, subscriber } from "./settings/platform.ts";

/** All settings of a stage. Each wing's part is in settings/, with its defaults. */
const stageSettings = z
  .strictObject({
    integra,
    clientKey,
    export: bulkExport,
    ccd,
    schedules: z.array(schedule).default([]),
    api,
    retention,
    alarms,
    subscribers: z.array(subscriber).default([]),
    /** Puts the functions into a VPC behind one NAT gateway, for a server that admits known addresses only. */
    fixedEgress: z.boolean().default(false),
    /** Deploys an example subscriber: a rule and a queue. */
    exampleSubscriber: z.boolean().default(false),
  })
  .superRefine((settings, context) => {
    const fault = (message: string, path: (string | number)[]) => context.addIssue({ code: "custom", message, path });
    for (const list of ["schedules", "subscribers"] as const) {
      settings[list].forEach(({ name }, index) => {
        if (settings[list].findIndex((other) => other.name === name) === index) return;
        fault(`the name ${name} is taken`, [list, index, "name"]);
      });
    }
    settings.schedules.forEach((one, index) => {
      for (const message of scheduleFaults(one, settings.export)) fault(message, ["schedules", index, "detail"]);
    });
  });

export type StageSettings = z.infer<typeof stageSettings>;

/**
 * Reads the settings of a stage. Three layers are merged: the project's defaults, the stage's own settings from `cdk.json`,
 * and the overrides from the CDK's command line (`-c overrides='{"integra":{"baseUrl":"https://…"}}'`).
 * @throws Error that names every fault and its place, or the known stages if this one is unknown
 */
export function readStageSettings(stage: string, stages: unknown, overrides: unknown): StageSettings {
  const known = z.record(z.string(), z.unknown()).parse(stages ?? {});
  if (!Object.hasOwn(known, stage))
    throw new Error(`unknown stage "${stage}": cdk.json knows ${Object.keys(known).join(", ")}`);
  const given = typeof overrides === "string" ? parseOverrides(overrides) : overrides;
  const parsed = stageSettings.safeParse(merged(known[stage], given ?? {}));
  if (parsed.success) return parsed.data;
  throw new Error(`the settings of stage "${stage}" cannot be used:\n${z.prettifyError(parsed.error)}`);
}

function parseOverrides(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error("the context value overrides is not JSON", { cause: error });
  }
}

/** Objects are merged deeply. Anything else, lists included, replaces what is below it. */
function merged(below: unknown, above: unknown): unknown {
  if (!isObject(below) || !isObject(above)) return above ?? below;
  const keys = new Set([...Object.keys(below), ...Object.keys(above)]);
  return Object.fromEntries([...keys].map((key) => [key, merged(below[key], above[key])]));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
