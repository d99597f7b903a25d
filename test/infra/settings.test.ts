import { describe, expect, test } from "vitest";
import { downloadSlots } from "#infra/settings/bulk-export.ts";
import { backupFrequency, recordsReads } from "#infra/settings/platform.ts";
import { readStageSettings, requireAlarmRecipient, type StageSettings, stageName } from "#infra/settings.ts";

const stages = { dev: {}, prod: { retention: { exportDays: 365, logDays: 90 } } };
const dev = (overrides: unknown): StageSettings => readStageSettings("dev", stages, overrides);

test("a stage without settings gets the guide's server, types and groups", () => {
  const settings = dev(undefined);
  expect(settings.integra.baseUrl).toBe("https://portal.minerva.integracloud.com/");
  expect(settings.export.types).toHaveLength(20);
  expect(settings.export.groups.map(({ name }) => name)).toEqual([
    "age-below-5",
    "age-5-to-18",
    "age-18-to-35",
    "age-35-to-55",
    "age-above-55",
  ]);
  expect(settings.export.downloadConcurrency).toBe(4);
});

test("the setting of downloads is divided among calls, and never more files are downloaded at once", () => {
  const slots = [1, 2, 4, 7, 8, 16, 40].map((downloadConcurrency) => downloadSlots({ downloadConcurrency }));
  expect(slots.map(({ calls, filesAtOnce }) => [calls, filesAtOnce])).toEqual([
    [1, 1],
    [2, 1],
    [4, 1],
    [7, 1],
    [4, 2],
    [4, 4],
    [10, 4],
  ]);
});

test("an unknown stage is refused, and the error names the known stages", () => {
  expect(() => readStageSettings("staging", stages, {})).toThrow('unknown stage "staging": cdk.json knows dev, prod');
});

test("without a stage, the error names the known stages", () => {
  expect(() => stageName(undefined, stages)).toThrow("name the stage: -c stage=…; cdk.json knows dev, prod");
});

test.each(["dev", "eu-prod-2", "a".repeat(20)])("the stage name %s is accepted", (name) => {
  expect(stageName(name, stages)).toBe(name);
});

test.each(["Prod", "prod_eu", "", "a".repeat(21), "prod\n"])("the stage name %j is refused", (name) => {
  expect(() => stageName(name, stages)).toThrow("cannot name a stage: use 1 to 20 lower-case letters");
});

test("a property that every object inherits is refused as a stage", () => {
  expect(() => readStageSettings("constructor", stages, {})).toThrow("unknown stage");
});

test("a sweep runs every 15 minutes, or as the setting says, at least once in an hour", () => {
  expect(dev({}).sweepMinutes).toBe(15);
  expect(dev({ sweepMinutes: 1 }).sweepMinutes).toBe(1);
  for (const sweepMinutes of [0, 1.5, 61]) expect(() => dev({ sweepMinutes })).toThrow("sweepMinutes");
});

test("the error names every fault and its place", () => {
  const overrides = {
    integra: { baseUrl: "ftp://somewhere" },
    export: { downloadConcurrency: 0, types: [] },
    retention: { logDays: 2 },
    alarms: { email: "no-address" },
    colour: "blue",
  };
  const places = ["integra.baseUrl", "export.downloadConcurrency", "export.types", "retention.logDays", "alarms.email"];
  for (const text of ['settings of stage "dev"', ...places, "colour"]) expect(() => dev(overrides)).toThrow(text);
});

describe("overrides", () => {
  test("overrides are merged deeply over the stage's own settings", () => {
    const settings = readStageSettings("prod", stages, { retention: { logDays: 30 } });
    expect(settings.retention).toMatchObject({ exportDays: 365, logDays: 30, workDays: 30 });
  });

  test("overrides may be JSON, as the CDK's command line passes them", () => {
    expect(dev('{"export":{"deadlineHours":2}}').export.deadlineHours).toBe(2);
  });

  test("a list in the overrides replaces the whole list", () => {
    expect(dev({ export: { types: ["Patient"] } }).export.types).toEqual(["Patient"]);
  });
});

describe("the URLs of the server", () => {
  test.each(["https://fhir.example.org/", "http://localhost:8080/", "http://127.0.0.1:8080/", "http://[::1]:8080/"])(
    "the URL %s is accepted",
    (baseUrl) => {
      expect(dev({ integra: { baseUrl } }).integra.baseUrl).toBe(baseUrl);
    },
  );

  test.each([
    "http://fhir.example.org/",
    "http://127.0.0.1.example.org/",
    "http://localhost.example.org/",
    "ftp://localhost/",
    "fhir.example.org",
  ])("the URL %s is refused", (url) => {
    for (const name of ["baseUrl", "tokenUrl", "exportUrl"]) {
      expect(() => dev({ integra: { [name]: url } })).toThrow(`integra.${name}`);
    }
    expect(() => dev({ integra: { fileOrigins: [url] } })).toThrow("integra.fileOrigins[0]");
  });

  test.each(["https://user@fhir.example.org/", "https://:secret@fhir.example.org/"])("the URL %s is refused", (url) => {
    expect(() => dev({ integra: { baseUrl: url } })).toThrow("must not hold a user name or password");
    expect(() => dev({ integra: { fileOrigins: [url] } })).toThrow("must not hold a user name or password");
  });
});

const listed = (origin: string) => dev({ integra: { fileOrigins: [origin] } }).integra.fileOrigins;

describe("the list of file origins", () => {
  test.each([
    "https://files.example.org",
    "https://files.example.org:8443/",
    "https://198.41.0.4",
    "https://10.1.2.3",
    "https://[fd12::1]",
    "http://127.0.0.1:8080",
    "http://localhost:8080",
  ])("the origin %s is accepted", (origin) => {
    expect(listed(origin)).toEqual([origin]);
  });

  test.each([
    ["a path", "https://files.example.org/ours/", "without a path or query"],
    ["a query", "https://files.example.org/?tenant=1", "without a path or query"],
    ["a metadata service", "https://169.254.169.254/", "must not be an address"],
    ["a metadata service as one number", "https://2852039166/", "must not be an address"],
    ["a metadata service's IPv6 address", "https://[fd00:ec2::254]/", "must not be an address"],
    ["a link-local address", "https://[fe80::1]/", "must not be an address"],
    ["the unspecified address", "https://0.0.0.0/", "must not be an address"],
    ["the broadcast address", "https://255.255.255.255/", "must not be an address"],
  ])("an origin with %s is refused", (_, origin, message) => {
    expect(() => listed(origin)).toThrow(message);
  });
});

const documents = (settings: object) => dev({ ccd: { documents: settings } }).ccd.documents;

describe("the settings of documents", () => {
  test("the defaults accept any root that may be the server's, and their limits fit the function", () => {
    expect(documents({})).toEqual({
      secondFactor: "where-known",
      limits: { answerMiB: 256, documentMiB: 50, totalMiB: 1024, entries: 2000 },
    });
  });

  test.each([
    "2.16.840.1.113883.3.9999.3",
    "urn:oid:1.2.3",
    "5a7b5f0e-1f6b-4e1b-8f77-1b1b1b1b1b1b",
    "urn:uuid:5A7B5F0E-1F6B-4E1B-8F77-1B1B1B1B1B1B",
  ])("the root %s is accepted", (root) => {
    expect(documents({ patientIdRoots: [root] }).patientIdRoots).toEqual([root]);
  });

  test.each([
    ["a root that no document could have", { patientIdRoots: ["202"] }, "must be an OID"],
    ["a root with an empty part", { patientIdRoots: ["2.16..3"] }, "must be an OID"],
    ["an empty list of roots", { patientIdRoots: [] }, "must name at least one root, or be absent"],
    ["an unknown second factor", { secondFactor: "never" }, "secondFactor"],
    ["an answer that /tmp cannot hold", { limits: { answerMiB: 257 } }, "half of the function's 512 MiB of /tmp"],
    ["a document that memory cannot hold", { limits: { documentMiB: 257 } }, "and has 2048 MiB"],
    ["more documents than can be read in time", { limits: { totalMiB: 4097 } }, "15 minutes"],
    ["more entries than the API can read in one list", { limits: { entries: 2001 } }, "as a whole, up to 20 MB"],
    ["a limit of zero", { limits: { entries: 0 } }, "ccd.documents.limits.entries"],
    ["a fraction of a MiB", { limits: { answerMiB: 0.5 } }, "ccd.documents.limits.answerMiB"],
    [
      "one document that may be larger than all together",
      { limits: { documentMiB: 60, totalMiB: 50 } },
      "at least documentMiB",
    ],
    ["an unknown limit", { limits: { pages: 5 } }, "pages"],
  ])("a setting with %s is refused", (_, settings, message) => {
    expect(() => documents(settings)).toThrow(message);
  });
});

const paths = (patientSearchPaths: object) => dev({ integra: { patientSearchPaths } }).integra.patientSearchPaths;

describe("the paths of the patient searches", () => {
  test("each path may be set by itself", () => {
    expect(paths({ "us-core": "us-core/Patient" })).toEqual({ "us-core": "us-core/Patient" });
  });

  test.each([
    ["a path that leads out of fhirUrl", { r4: "../Patient" }, "patientSearchPaths.r4"],
    ["a URL", { r4: "https://elsewhere.example.org/Patient" }, "must be a path below fhirUrl"],
    ["an absolute path", { r4: "/Patient" }, "must be a path below fhirUrl"],
    ["a query", { r4: "Patient?active=true" }, "must be a path below fhirUrl"],
    ["an unknown search", { r5: "Patient" }, "r5"],
  ])("a setting with %s is refused", (_, settings, message) => {
    expect(() => paths(settings)).toThrow(message);
  });
});

const usCore = (usCorePaths: object) => dev({ integra: { usCorePaths } }).integra.usCorePaths;

describe("the paths of the US Core resources", () => {
  test("the base and the spelling may each be set by itself", () => {
    expect(usCore({ base: "uscore/v5" })).toEqual({ base: "uscore/v5" });
    expect(usCore({ spelling: "lower-case" })).toEqual({ spelling: "lower-case" });
  });

  test.each([
    ["a path that leads out of fhirUrl", { base: "../us-core" }, "must be a path below fhirUrl"],
    ["an unknown spelling", { spelling: "UPPER" }, "usCorePaths.spelling"],
    ["an unknown part", { types: {} }, "types"],
  ])("a setting with %s is refused", (_, settings, message) => {
    expect(() => usCore(settings)).toThrow(message);
  });
});

const scheduled = (schedule: object) =>
  dev({ schedules: [{ name: "nightly", expression: "rate(1 day)", ...schedule }] });

describe("a schedule", () => {
  test("a schedule is in UTC and enabled by default", () => {
    expect(scheduled({ detail: { level: "patient" } }).schedules[0]).toMatchObject({ timezone: "UTC", enabled: true });
  });

  test.each([{ groupId: "383681350" }, { groupId: "age-18-to-35" }])(
    "a schedule may name a group by %o",
    ({ groupId }) => {
      expect(scheduled({ detail: { level: "group", groupId } }).schedules[0]?.detail.groupId).toBe(groupId);
    },
  );

  test.each([
    ["an unknown type", { detail: { level: "patient", types: ["Patient", "Spaceship"] } }, "unknown types: Spaceship"],
    ["an unknown group", { detail: { level: "group", groupId: "age-999" } }, "groupId must name an accepted group"],
    ["no group, at level group", { detail: { level: "group" } }, "groupId must name an accepted group"],
    [
      "a group, at another level",
      { detail: { level: "patient", groupId: "age-18-to-35" } },
      "groupId must name an accepted group",
    ],
    [
      "an expression of an unknown kind",
      { expression: "daily", detail: { level: "patient" } },
      "schedules[0].expression",
    ],
    [
      "a requestId, because each firing is a request of its own",
      { detail: { level: "patient", requestId: "a" } },
      "requestId",
    ],
    ["a since that is no instant", { detail: { level: "patient", since: "yesterday" } }, "since"],
    ["a name that an ARN cannot contain", { name: "every night", detail: { level: "patient" } }, "schedules[0].name"],
    ["an unknown time zone", { timezone: "Mars/Olympus", detail: { level: "patient" } }, "timezone"],
  ])("a schedule with %s is refused", (_, schedule, message) => {
    expect(() => scheduled(schedule)).toThrow(message);
  });

  test("a schedule with the name of another is refused", () => {
    const detail = { level: "patient" };
    const schedules = [1, 2].map((hours) => ({ name: "twice", expression: `rate(${hours} hours)`, detail }));
    expect(() => dev({ schedules })).toThrow("twice");
  });
});

describe("fixed egress addresses", () => {
  test.each([
    [undefined, undefined],
    [false, undefined],
    [true, { zones: 1 }],
    [{ zones: 2 }, { zones: 2 }],
  ])("the setting %j means %j", (fixedEgress, meaning) => {
    expect(dev({ fixedEgress }).fixedEgress).toEqual(meaning);
  });

  test.each([{ zones: 0 }, { zones: 3 }, { zones: 1.5 }, {}, { zones: 1, subnets: 2 }, "yes"])(
    "the setting %j is refused",
    (fixedEgress) => {
      expect(() => dev({ fixedEgress })).toThrow("fixedEgress");
    },
  );
});

describe("the domain of the API", () => {
  const certificateArn = "arn:aws:acm:eu-central-1:123456789012:certificate/5a7b5f0e";

  test.each(["records.example.org", "a-b.c1.example.xn--p1ai"])("the name %s is accepted", (name) => {
    expect(dev({ api: { domain: { name, certificateArn } } }).api.domain).toEqual({ name, certificateArn });
  });

  test.each([
    ["a URL as its name", { name: "https://records.example.org", certificateArn }, "api.domain.name"],
    ["upper-case letters, which API Gateway refuses", { name: "Records.example.org", certificateArn }, "lower-case"],
    ["a name without a dot", { name: "records", certificateArn }, "api.domain.name"],
    ["a label that ends with a hyphen", { name: "records-.example.org", certificateArn }, "api.domain.name"],
    ["no certificate", { name: "records.example.org" }, "api.domain.certificateArn"],
    [
      "a certificate that is not in ACM",
      { name: "records.example.org", certificateArn: "arn:aws:iam::123456789012:server-certificate/records" },
      "must be the ARN of a certificate in ACM",
    ],
  ])("a domain with %s is refused", (_, domain, message) => {
    expect(() => dev({ api: { domain } })).toThrow(message);
  });
});

describe("the console", () => {
  const jwt = { issuer: "https://login.example.org/", audience: ["integra-bridge"] };
  const web = { clientId: "console" };
  const domain = { name: "a.example", certificateArn: "arn:aws:acm:eu-central-1:1:certificate/2" };

  test("the console has defaults, and a stage has none unless it is set", () => {
    expect(dev({ api: { jwt }, console: web }).console).toEqual({
      clientId: "console",
      scopes: ["openid"],
      parameters: {},
      endpointOrigins: [],
      idleMinutes: 15,
    });
    expect(dev({}).console).toBeUndefined();
  });

  test("a console without an issuer is refused", () => {
    expect(() => dev({ console: web })).toThrow("needs api.jwt");
  });

  test.each([
    ["a certificate of another region", { domain }, "us-east-1"],
    ["an origin with a path", { endpointOrigins: ["https://login.example.org/path"] }, "must be an origin"],
    ["no idle time", { idleMinutes: 0 }, "console.idleMinutes"],
    ["a scope with a space", { scopes: ["openid profile"] }, "console.scopes"],
  ])("a console with %s is refused", (_, change, message) => {
    expect(() => dev({ api: { jwt }, console: { ...web, ...change } })).toThrow(message);
  });
});

const keeping = (alarms: object) => readStageSettings("prod", stages, { alarms });

describe("the recipient of alarms", () => {
  test("a stage that keeps data must say whom its alarms notify", () => {
    expect(() => requireAlarmRecipient("prod", keeping({}))).toThrow(
      'stage "prod" keeps data, and its alarms would reach nobody: set alarms.email or alarms.topicArn, or set alarms.nobody to true',
    );
  });

  test.each([{ email: "on-call@example.org" }, { topicArn: "arn:aws:sns:eu-west-1:123456789012:a" }, { nobody: true }])(
    "a stage that keeps data may be deployed with %o",
    (alarms) => {
      expect(() => requireAlarmRecipient("prod", keeping(alarms))).not.toThrow();
    },
  );

  test("a stage that deletes its data with its stack needs no recipient", () => {
    expect(() => requireAlarmRecipient("dev", dev({ retention: { removeWithStack: true } }))).not.toThrow();
  });

  test("a stage that notifies somebody cannot say that it notifies nobody", () => {
    expect(() => keeping({ email: "on-call@example.org", nobody: true })).toThrow(
      "must be false if email or topicArn is set",
    );
  });
});

describe("a subscriber", () => {
  test("a subscriber may read every export by default", () => {
    const subscribers = [{ name: "Research", accountId: "210987654321" }];
    expect(dev({ subscribers }).subscribers[0]?.prefix).toBe("exports/");
  });

  test.each([
    ["a prefix of the bridge's own records", { prefix: "work/" }, "prefix"],
    ["an invalid account id", { accountId: "12345" }, "accountId"],
    ["a name that a policy's Sid cannot contain", { name: "not allowed" }, "name"],
  ])("a subscriber with %s is refused", (_, subscriber, place) => {
    const subscribers = [{ name: "Research", accountId: "210987654321", ...subscriber }];
    expect(() => dev({ subscribers })).toThrow(`subscribers[0].${place}`);
  });

  test("a subscriber with the name of another is refused", () => {
    const subscribers = ["210987654321", "123456789012"].map((accountId) => ({ name: "Research", accountId }));
    expect(() => dev({ subscribers })).toThrow("Research");
  });

  test("more subscribers than the policies have room for are refused with a sentence", () => {
    const subscribers = Array.from({ length: 21 }, (_, n) => ({ name: `S${n}`, accountId: "210987654321" }));
    expect(() => dev({ subscribers })).toThrow("at most 20: the policies of the bucket, the bus and the key have room");
    expect(dev({ subscribers: subscribers.slice(0, 20) }).subscribers).toHaveLength(20);
  });
});

const lock = (mode: string) => dev({ retention: { removeWithStack: true }, audit: { lock: mode } });

describe("the lock of the audit trail", () => {
  test("records that cannot be deleted do not fit a stage that deletes its data with its stack", () => {
    for (const mode of ["governance", "compliance"])
      expect(() => lock(mode)).toThrow("locked records cannot be deleted with the stack");
    expect(lock("none").audit).toEqual({ lock: "none" });
  });
});

describe("what is recorded, backed up and copied", () => {
  const { retention } = dev({});
  const removed = dev({ retention: { removeWithStack: true } });

  test("a stage that keeps data records reads and backs the ledger up every day, and other stages do neither", () => {
    expect(recordsReads(dev({}).audit, retention)).toBe(true);
    expect(backupFrequency(dev({}).backup, retention)).toBe("daily");
    expect(recordsReads(removed.audit, removed.retention)).toBe(false);
    expect(backupFrequency(removed.backup, removed.retention)).toBeUndefined();
  });

  test("both can be switched off", () => {
    expect(recordsReads(dev({ audit: { reads: false } }).audit, retention)).toBe(false);
    expect(backupFrequency(dev({ backup: { frequency: "never" } }).backup, retention)).toBeUndefined();
  });

  test("backups, which cannot be deleted with the stack, do not fit a stage that deletes its data with it", () => {
    const overrides = { retention: { removeWithStack: true }, backup: { frequency: "daily" } };
    expect(() => dev(overrides)).toThrow("backup.frequency");
  });

  const replica = { bucketArn: "arn:aws:s3:::copies", keyArn: "arn:aws:kms:eu-west-1:123456789012:key/mrk-1a2b" };

  test("copies need a bucket and a key, and an account only if it is another one", () => {
    const replication = { audit: replica, quarantine: { ...replica, accountId: "210987654321" } };
    expect(dev({ replication }).replication).toEqual(replication);
    expect(dev({}).replication).toEqual({});
  });

  test.each([
    { ...replica, bucketArn: "copies" },
    { ...replica, bucketArn: "arn:aws:s3:::copies/audit" },
    { ...replica, keyArn: "arn:aws:kms:eu-west-1:123456789012:alias/copies" },
    { ...replica, keyArn: "1a2b3c4d" },
    { ...replica, accountId: "1234" },
    { bucketArn: replica.bucketArn },
  ])("the copies %j are refused", (audit) => {
    expect(() => dev({ replication: { audit } })).toThrow("replication.audit");
  });
});
