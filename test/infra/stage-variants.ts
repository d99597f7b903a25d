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

export type StageVariant = keyof typeof stageVariants;

export const variantNames = Object.keys(stageVariants) as StageVariant[];
