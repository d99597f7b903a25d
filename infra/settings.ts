import * as z from "zod";
import { exportGroup, exportRequestDetail } from "#bulk-export/language/export-request.ts";
import { ccdProtocolSettings } from "#ccd-retrieval/language/ccd-protocol.ts";
import { documentSettings } from "#ccd-retrieval/language/document-settings.ts";
import { callerUnits } from "#on-demand-api/language/access-record.ts";
import { addressOf, isOwnNetworkAddress, isPublicAddress } from "#platform/http/network-addresses.ts";
import { patientSearchPaths } from "#user-session/language/user-endpoints.ts";

/** The types that IntegraConnect exports (guide, "Supported resources"). */
const guideTypes = [
  "AllergyIntolerance",
  "CarePlan",
  "CareTeam",
  "Condition",
  "Device",
  "DiagnosticReport",
  "DocumentReference",
  "Encounter",
  "Goal",
  "Immunization",
  "Location",
  "Medication",
  "MedicationRequest",
  "Observation",
  "Organization",
  "Patient",
  "Practitioner",
  "PractitionerRole",
  "Procedure",
  "Provenance",
];

/** The groups that IntegraConnect exports (guide, "Supported Group IDs"). */
const guideGroups = [
  { id: "187419279", name: "age-below-5" },
  { id: "275131468", name: "age-5-to-18" },
  { id: "383681350", name: "age-18-to-35" },
  { id: "424548118", name: "age-35-to-55" },
  { id: "517483350", name: "age-above-55" },
];

const serverUrl = z
  .url()
  .refine(isSecure, "must be https (http is accepted for a loopback address only)")
  .refine(hasNoUser, "must not hold a user name or password");

function isSecure(text: string): boolean {
  const url = URL.parse(text);
  return (
    url?.protocol === "https:" ||
    (url?.protocol === "http:" && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname))
  );
}

function hasNoUser(text: string): boolean {
  const url = URL.parse(text);
  return url?.username === "" && url.password === "";
}

const fileOrigin = serverUrl
  .refine(
    (text) => URL.parse(text)?.href === `${URL.parse(text)?.origin}/`,
    "must be an origin, without a path or query",
  )
  .refine(isAcceptableHost, "must not be an address that is link-local, of a metadata service, or otherwise special");

/** Loopback and private addresses are taken at their word: whoever writes one down means that very server. */
function isAcceptableHost(text: string): boolean {
  const url = URL.parse(text);
  const address = url === null ? undefined : addressOf(url);
  return address === undefined || isPublicAddress(address) || isOwnNetworkAddress(address);
}

const integra = z
  .strictObject({
    baseUrl: serverUrl.default("https://portal.minerva.integracloud.com/"),
    tokenUrl: serverUrl.optional(),
    exportUrl: serverUrl.optional(),
    audience: z.string().min(1).optional(),
    /** Whether a manifest whose `request` names another export than ours counts as another's (docs/integra-notes.md). */
    matchRequest: z.boolean().default(true),
    /** Where a user session talks to the server: its tokens, FHIR R4, and the three calls for CCDs. */
    userTokenUrl: serverUrl.optional(),
    fhirUrl: serverUrl.optional(),
    /** Where patients are searched for, below `fhirUrl`; what is absent is where the guide has it. */
    patientSearchPaths: patientSearchPaths.optional(),
    ccdRequestUrl: serverUrl.optional(),
    ccdNonceUrl: serverUrl.optional(),
    ccdDownloadUrl: serverUrl.optional(),
    /**
     * Origins besides the server's from which files may be fetched, such as `https://files.example.org`, without our
     * token. A name among them must lead to public addresses; a private file server is listed by its address.
     */
    fileOrigins: z.array(fileOrigin).default([]),
  })
  .prefault({});

const bulkExport = z
  .strictObject({
    types: z
      .array(z.string().regex(/^[A-Z][A-Za-z]+$/))
      .min(1)
      .default(guideTypes),
    groups: z.array(exportGroup).default(guideGroups),
    deadlineHours: z
      .number()
      .positive()
      .max(24 * 14)
      .default(24),
    /** The share of an export's files that may be missing before it counts as failed instead of partial. */
    toleratedMissingShare: z.number().min(0).max(1).default(0.5),
    downloadConcurrency: z.number().int().min(1).max(40).default(4),
  })
  .prefault({});

/** Patients' documents on demand. */
const ccd = z
  .strictObject({
    /** From a caller's request to its documents, its place in the session's queue included. */
    deadlineMinutes: z
      .number()
      .positive()
      .max(60 * 24)
      .default(60),
    protocol: ccdProtocolSettings,
    documents: documentSettings,
  })
  .prefault({});

const schedule = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,48}$/),
  expression: z.string().regex(/^(rate|cron|at)\(.+\)$/),
  timezone: z.string().refine(isTimeZone, "is no IANA time zone").default("UTC"),
  enabled: z.boolean().default(true),
  /**
   * Every n-th export of an incremental schedule is a full one: patients who come into a group bring older records, which
   * `_since` never returns.
   */
  fullEvery: z.number().int().min(1).max(1000).optional(),
  detail: exportRequestDetail.omit({ requestId: true }),
});

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

const days = z.number().int().positive().max(3650);

const retention = z
  .strictObject({
    /** Days that landed exports are kept; absent: for ever. */
    exportDays: days.optional(),
    /** Days that patients' documents are kept; absent: for ever. */
    ccdDays: days.optional(),
    /** Days that an answer is kept that was refused, such as documents of another patient. */
    quarantineDays: days.default(30),
    /** Days that replaced and deleted versions are kept: after that a deletion is final. */
    oldVersionDays: days.default(30),
    /** Days that the bridge's own records (plans, receipts) are kept. */
    workDays: days.default(30),
    /** Days that the audit trail is kept: who asked, what landed, who was told. Six years, as HIPAA has it. */
    auditDays: days.default(2192),
    logDays: z
      .union([z.literal([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653])])
      .default(365),
    /** Whether deleting the stack deletes the data with it. */
    removeWithStack: z.boolean().default(false),
  })
  .prefault({});

const alarms = z
  .strictObject({
    email: z.email().optional(),
    topicArn: z
      .string()
      .regex(/^arn:aws[\w-]*:sns:/)
      .optional(),
    stalledAfterHours: z.number().positive().default(6),
  })
  .prefault({});

const subscriber = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9]{1,32}$/),
  accountId: z.string().regex(/^\d{12}$/),
  /** Only objects below this prefix can be read. */
  prefix: z
    .string()
    .regex(/^exports\/.*$/)
    .default("exports/"),
});

const api = z
  .strictObject({
    /** Callers bring a JWT of this issuer, for one of these audiences, instead of signing (SigV4). */
    jwt: z.strictObject({ issuer: serverUrl, audience: z.array(z.string().min(1)).min(1) }).optional(),
    /** Of the whole API; what is above is answered 429. */
    throttle: z
      .strictObject({
        callsPerSecond: z.number().int().min(1).max(10_000).default(20),
        burst: z.number().int().min(1).max(5_000).default(40),
      })
      .prefault({}),
    /** Where callers reach the API, if not at API Gateway's own address: links of answers lead there. */
    publicUrl: serverUrl.optional(),
    /**
     * Who counts as one caller, where calls are signed: each session of a role, so that people who share one stay apart, or
     * the role, for services whose sessions come and go.
     */
    callers: z.enum(callerUnits).default("sessions"),
    /** Whether each caller sees the CCDs that others asked for. */
    sharedDocuments: z.boolean().default(false),
  })
  .prefault({});

const stageSettings = z
  .strictObject({
    integra,
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
    for (const list of ["schedules", "subscribers"] as const) {
      settings[list].forEach(({ name }, index) => {
        if (settings[list].findIndex((other) => other.name === name) === index) return;
        context.addIssue({ code: "custom", message: `the name ${name} is taken`, path: [list, index, "name"] });
      });
    }
    const { types, groups } = settings.export;
    settings.schedules.forEach(({ detail }, index) => {
      const unknown = (detail.types ?? []).filter((type) => !types.includes(type));
      const groupKnown = groups.some(({ id, name }) => id === detail.groupId || name === detail.groupId);
      const fault = (message: string) =>
        context.addIssue({ code: "custom", message, path: ["schedules", index, "detail"] });
      if (unknown.length > 0) fault(`unknown types: ${unknown.join(", ")}`);
      if (detail.level === "group" ? !groupKnown : detail.groupId !== undefined)
        fault("groupId must name an accepted group, at level group only");
    });
  });

export type StageSettings = z.infer<typeof stageSettings>;
export type ScheduleSettings = z.infer<typeof schedule>;

/**
 * A stage's settings: the project's defaults, under the stage's own from `cdk.json`, under overrides given to the CDK
 * as JSON (`-c overrides='{"integra":{"baseUrl":"https://…"}}'`).
 * @throws Error naming every fault at once, with its place
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

function merged(below: unknown, above: unknown): unknown {
  if (!isObject(below) || !isObject(above)) return above ?? below;
  const keys = new Set([...Object.keys(below), ...Object.keys(above)]);
  return Object.fromEntries([...keys].map((key) => [key, merged(below[key], above[key])]));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
