import { bucketPrefixes } from "#platform/bucket/object-keys.ts";

/** What the stage `prod` of cdk.json lacks: only its operator knows whom its alarms notify. */
export const plainProd = { alarms: { email: "on-call@example.org" } } as const;

/** The overrides of a stage with every option switched on, for documentation and tests. */
export const everyOption = {
  integra: {
    baseUrl: "https://fhir.example.org/",
    tokenUrl: "https://login.example.org/token",
    exportUrl: "https://fhir.example.org/bulk/",
    audience: "https://login.example.org/",
    fileOrigins: ["https://files.example.org/"],
    patientSearchPaths: { "us-core": "us-core/Patient" },
    usCorePaths: { base: "us-core/v5", spelling: "lower-case" },
  },
  audit: { lock: "compliance", reads: true },
  backup: { frequency: "weekly", keepDays: 365 },
  replication: {
    audit: {
      bucketArn: "arn:aws:s3:::example-audit-copies",
      keyArn: "arn:aws:kms:eu-west-1:210987654321:key/2f1c7e1a-5b0d-4c57-9a43-0f2f6f2f6f2f",
      accountId: "210987654321",
    },
    quarantine: {
      bucketArn: "arn:aws:s3:::example-quarantine-copies",
      keyArn: "arn:aws:kms:eu-west-1:123456789012:key/8c7a5f3e-3d11-4b8e-9d36-5e5e5e5e5e5e",
    },
  },
  clientKey: { rotateEveryDays: 90, kms: { spec: "RSA_4096", keys: ["first", "second"] } },
  ccd: {
    documents: { patientIdRoots: ["2.16.840.1.113883.3.9999.3"], secondFactor: "required", limits: { answerMiB: 128 } },
  },
  sweepMinutes: 5,
  fixedEgress: { zones: 2 },
  api: {
    jwt: { issuer: "https://login.example.org/", audience: ["integra-bridge"], besideSignatures: true },
    callers: "roles",
    exports: { ask: ["operator"], cancel: ["operator"], read: ["operator", "analyst"] },
    domain: {
      name: "records.example.org",
      certificateArn: "arn:aws:acm:eu-central-1:123456789012:certificate/5a7b5f0e-1f6b-4e1b-8f77-1b1b1b1b1b1b",
    },
    throttle: { callsPerSecond: 5, burst: 10 },
    openThrottle: { callsPerSecond: 1, burst: 3 },
  },
  smart: {
    scopes: ["openid", "fhirUser", "offline_access", "launch/patient", "patient/*.rs"],
    returnUrls: ["https://portal.example.org/linked"],
    linkMinutes: 60,
    ehrLaunches: [
      {
        name: "clinic",
        caller: "arn:aws:iam::123456789012:role/clinic",
        scopes: ["openid", "fhirUser", "offline_access", "launch"],
        returnUrl: "https://clinic.example.org/linked",
      },
    ],
    applications: [{ caller: "arn:aws:iam::123456789012:role/clinic", name: "Example Clinic" }],
    authorizationOrigins: ["https://login.example.org/"],
    privateKeyJwt: true,
  },
  console: {
    clientId: "integra-bridge-console",
    scopes: ["openid", "profile"],
    parameters: { audience: "integra-bridge" },
    endpointOrigins: ["https://sign-in.example.org/"],
    idleMinutes: 10,
    domain: {
      name: "console.example.org",
      certificateArn: "arn:aws:acm:us-east-1:123456789012:certificate/6b8c6f1f-2f7c-4f2c-9f88-2c2c2c2c2c2c",
    },
    webAclArn: "arn:aws:wafv2:us-east-1:123456789012:global/webacl/console/7c9d7a2a-3a8d-4a3d-8a99-3d3d3d3d3d3d",
  },
  exampleSubscriber: true,
  alarms: { email: "on-call@example.org", stalledAfterHours: 2 },
  subscribers: [
    { name: "Research", accountId: "210987654321" },
    { name: "Registry", accountId: "123456789012", prefix: `${bucketPrefixes.exports}request-` },
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
} as const;
