/** An account that is not the bridge's own. */
export const otherAccount = "210987654321";

const everyOption = {
  integra: {
    baseUrl: "https://fhir.example.org/",
    tokenUrl: "https://login.example.org/token",
    exportUrl: "https://fhir.example.org/bulk/",
    audience: "https://login.example.org/",
    fileOrigins: ["https://files.example.org/"],
  },
  fixedEgress: true,
  exampleSubscriber: true,
  alarms: { email: "on-call@example.org", stalledAfterHours: 2 },
  subscribers: [
    { name: "Research", accountId: otherAccount },
    { name: "Registry", accountId: "123456789012", prefix: "exports/request-" },
  ],
  schedules: [
    {
      name: "nightly",
      expression: "cron(0 2 * * ? *)",
      timezone: "America/New_York",
      detail: { level: "patient", since: "last-completed" },
    },
    { name: "hourly", expression: "rate(1 hour)", detail: { level: "group", groupId: "age-18-to-35" } },
    {
      name: "once",
      expression: "at(2027-01-31T03:00:00)",
      timezone: "Europe/Berlin",
      enabled: false,
      detail: { level: "system", types: ["Patient"] },
    },
  ],
};

export const topicArn = "arn:aws:sns:eu-central-1:123456789012:on-call";

/** The app as it may be deployed: each stage of cdk.json, and prod with everything that a user can switch on. */
export const stageVariants = {
  local: { stage: "local", overrides: {} },
  dev: { stage: "dev", overrides: {} },
  prod: { stage: "prod", overrides: {} },
  "prod with every option": { stage: "prod", overrides: everyOption },
  "prod with a topic of the user's": { stage: "prod", overrides: { alarms: { topicArn } } },
} as const;

export type StageVariant = keyof typeof stageVariants;

export const variantNames = Object.keys(stageVariants) as StageVariant[];
