import { everyOption, plainProd } from "#cli/templates/every-option.ts";

/** An account other than the bridge's own. */
export const otherAccount = everyOption.subscribers[0].accountId;

export const topicArn = "arn:aws:sns:eu-central-1:123456789012:on-call";

/** What may be deployed: each stage of cdk.json, prod with every option, and prod with the user's own alarm topic. */
export const stageVariants = {
  local: { stage: "local", overrides: {} },
  dev: { stage: "dev", overrides: {} },
  prod: { stage: "prod", overrides: plainProd },
  "prod with every option": { stage: "prod", overrides: everyOption },
  "prod with a topic of the user's": { stage: "prod", overrides: { alarms: { topicArn } } },
} as const;

/** Settings that an operator may give stage prod, one after the other. Only tests about changes of settings use these. */
export const prodSettings: Record<string, object> = {
  "no recipient of alarms": { alarms: { nobody: true } },
  "every option": everyOption,
  "one egress address": { ...plainProd, fixedEgress: true },
  "two egress addresses": { ...plainProd, fixedEgress: { zones: 2 } },
  "an alarm address": { alarms: { email: "on-call@example.org" } },
  "the user's own topic": { alarms: { topicArn } },
  subscribers: { ...plainProd, subscribers: everyOption.subscribers },
  schedules: { ...plainProd, schedules: everyOption.schedules },
  "an example subscriber": { ...plainProd, exampleSubscriber: true },
  "a JWT issuer": { ...plainProd, api: { jwt: { ...everyOption.api.jwt, besideSignatures: false } } },
  "a JWT issuer beside signatures": { ...plainProd, api: { jwt: everyOption.api.jwt } },
  "a console": { ...plainProd, api: { jwt: everyOption.api.jwt }, console: { clientId: "integra-bridge-console" } },
  "a public URL": { ...plainProd, api: { publicUrl: "https://proxy.example.org/" } },
  "a domain of the user's": { ...plainProd, api: { domain: everyOption.api.domain } },
  "other paths of the server": { ...plainProd, integra: everyOption.integra },
  "records that nobody can delete": { ...plainProd, audit: { lock: "compliance" } },
  "records without a lock": { ...plainProd, audit: { lock: "none" } },
  "reads that nobody records": { ...plainProd, audit: { reads: false } },
  "no backups": { ...plainProd, backup: { frequency: "never" } },
  "weekly backups": { ...plainProd, backup: { frequency: "weekly", keepDays: 365 } },
  "copies of the audit trail": { ...plainProd, replication: { audit: everyOption.replication.audit } },
  "copies of the quarantine": { ...plainProd, replication: { quarantine: everyOption.replication.quarantine } },
  "data that goes with the stack": { ...plainProd, retention: { removeWithStack: true } },
};

export type StageVariant = keyof typeof stageVariants;

export const variantNames = Object.keys(stageVariants) as StageVariant[];
