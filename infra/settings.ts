import * as z from "zod";
import { bulkExport, schedule, scheduleFaults } from "./settings/bulk-export.ts";
import { ccd } from "./settings/ccd-retrieval.ts";
import { clientKey } from "./settings/client-keys.ts";
import { integra } from "./settings/integra.ts";
import { api, webConsole } from "./settings/on-demand-api.ts";
import {
  alarms,
  audit,
  backup,
  backupFrequency,
  fixedEgress,
  lockModeOf,
  maxSubscribers,
  replication,
  retention,
  subscriber,
} from "./settings/platform.ts";
import { smart } from "./settings/user-session.ts";

/** All settings of a stage. Each wing's part is in settings/, with its defaults. */
const stageSettings = z
  .strictObject({
    integra,
    clientKey,
    export: bulkExport,
    ccd,
    schedules: z.array(schedule).default([]),
    api,
    smart,
    console: webConsole,
    retention,
    audit,
    backup,
    replication,
    alarms,
    subscribers: z
      .array(subscriber)
      .max(
        maxSubscribers,
        `at most ${maxSubscribers}: the policies of the bucket, the bus and the key have room for no more`,
      )
      .default([]),
    /** Minutes from one sweep to the next. A sweep finds work whose end was not published, and publishes it. */
    sweepMinutes: z.number().int().min(1).max(60).default(15),
    fixedEgress,
    /** Deploys saved queries of CloudWatch Logs Insights. The local AWS has no such resource. */
    savedQueries: z.boolean().default(true),
    /** Deploys an example subscriber: a rule and a queue. */
    exampleSubscriber: z.boolean().default(false),
  })
  .superRefine((settings, context) => {
    const fault = (message: string, path: (string | number)[]) => context.addIssue({ code: "custom", message, path });
    if (settings.retention.removeWithStack && lockModeOf(settings.audit, settings.retention) !== undefined) {
      fault("must be none if retention.removeWithStack is true: locked records cannot be deleted with the stack", [
        "audit",
        "lock",
      ]);
    }
    if (settings.retention.removeWithStack && backupFrequency(settings.backup, settings.retention) !== undefined) {
      fault(
        "must be never if retention.removeWithStack is true: a vault with backups cannot be deleted with the stack",
        ["backup", "frequency"],
      );
    }
    if (settings.console && settings.api.jwt === undefined)
      fault("needs api.jwt: the console's users sign in at that issuer", ["console"]);
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
 * The name of the stage to deploy. There is no default: a deployment reaches the vendor's server and creates resources, so
 * it must say which stage it means.
 * @param given the context value `stage`
 * @param stages the stages of `cdk.json`
 * @throws Error that names the known stages if no stage is named, or that says how a name must look
 */
export function stageName(given: unknown, stages: unknown): string {
  if (typeof given !== "string") throw new Error(`name the stage: -c stage=…; ${knownStages(stages)}`);
  // The bucket is named integra-bridge-{stage}-{account}-{region}, and a bucket's name has at most 63 characters.
  if (!/^[a-z0-9-]{1,20}$/.test(given)) {
    throw new Error(`"${given}" cannot name a stage: use 1 to 20 lower-case letters, digits and hyphens`);
  }
  return given;
}

const stagesOf = (stages: unknown): Record<string, unknown> => z.record(z.string(), z.unknown()).parse(stages ?? {});

const knownStages = (stages: unknown): string => `cdk.json knows ${Object.keys(stagesOf(stages)).join(", ")}`;

/**
 * Reads the settings of a stage. Three layers are merged: the project's defaults, the stage's own settings from `cdk.json`,
 * and the overrides from the CDK's command line (`-c overrides='{"integra":{"baseUrl":"https://…"}}'`).
 * @throws Error that names every fault and its place, or the known stages if this one is unknown
 */
export function readStageSettings(stage: string, stages: unknown, overrides: unknown): StageSettings {
  const known = stagesOf(stages);
  if (!Object.hasOwn(known, stage)) throw new Error(`unknown stage "${stage}": ${knownStages(stages)}`);
  const given = typeof overrides === "string" ? parseOverrides(overrides) : overrides;
  const parsed = stageSettings.safeParse(merged(known[stage], given ?? {}));
  if (parsed.success) return parsed.data;
  throw new Error(`the settings of stage "${stage}" cannot be used:\n${z.prettifyError(parsed.error)}`);
}

/**
 * Refuses to deploy a stage that keeps data and whose alarms would reach nobody, unless the settings say that this is meant.
 * @throws Error that says what to set
 */
export function requireAlarmRecipient(stage: string, settings: StageSettings): void {
  const { email, topicArn, nobody } = settings.alarms;
  if (settings.retention.removeWithStack || nobody || email !== undefined || topicArn !== undefined) return;
  throw new Error(
    `stage "${stage}" keeps data, and its alarms would reach nobody: set alarms.email or alarms.topicArn, or set alarms.nobody to true`,
  );
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
