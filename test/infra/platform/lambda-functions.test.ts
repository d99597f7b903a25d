import { describe, expect, test } from "vitest";
import * as z from "zod";
import { eventDetails } from "#functions/wings.ts";
import { functionNames } from "#infra/function-bundles.ts";
import { allowedTo, asLines, functionsOf } from "../policies.ts";
import { variantNames } from "../stage-variants.ts";
import { synthesised } from "../synthesised.ts";

const ledgerCondition = z.object({
  "ForAllValues:StringLike": z.object({ "dynamodb:LeadingKeys": z.union([z.string(), z.array(z.string())]) }),
  // A scan has no leading keys, and would satisfy the condition above.
  Null: z.object({ "dynamodb:LeadingKeys": z.literal("false") }),
});

const publishCondition = z.strictObject({
  "ForAllValues:StringEquals": z.strictObject({ "events:source": z.literal("integra-bridge") }),
  // A request without a source would satisfy the condition above.
  Null: z.strictObject({ "events:source": z.literal("false") }),
  StringEquals: z.strictObject({ "events:detail-type": z.array(z.enum(Object.keys(eventDetails))) }),
});

describe.each(variantNames)("the functions of %s", (variant) => {
  const synth = synthesised(variant);
  const functions = functionsOf(synth);
  const all = functions.map(([, lambda]) => lambda.Properties);

  test("every folder with a handler is deployed as a function, and nothing else is", () => {
    expect(functions.map(([name]) => name).toSorted()).toEqual(functionNames());
  });

  test("no two functions share a role", () => {
    expect(new Set(all.map(({ Role }) => Role)).size).toBe(all.length);
  });

  test("every function runs on Node 24 and arm64, and is traced", () => {
    for (const properties of all) {
      expect(properties).toMatchObject({
        Runtime: "nodejs24.x",
        Architectures: ["arm64"],
        TracingConfig: { Mode: "Active" },
        Handler: "index.handler",
      });
    }
  });

  test("every function has a log group of its own, which is encrypted and expires", () => {
    const names = all.map(({ LoggingConfig }) => (LoggingConfig as { LogGroup: string }).LogGroup);
    expect(new Set(names).size).toBe(all.length);
    for (const name of names) {
      const group = synth.resource("AWS::Logs::LogGroup", name.slice(1, -1));
      expect(group.Properties).toMatchObject({ KmsKeyId: "<Key>", RetentionInDays: expect.any(Number) });
    }
  });

  test.each(functions)(
    "%s may write its own log and its traces, and no other log",
    (_, { Properties: { Role, LoggingConfig } }) => {
      const { LogGroup } = LoggingConfig as { LogGroup: string };
      const lines = asLines(allowedTo(synth, Role));
      expect(lines.filter((line) => /^(logs|xray):/.test(line))).toEqual([
        `logs:CreateLogStream → ${LogGroup.slice(1, -1)}`,
        `logs:PutLogEvents → ${LogGroup.slice(1, -1)}`,
        "xray:PutTelemetryRecords → *",
        "xray:PutTraceSegments → *",
      ]);
    },
  );

  test.each(functions)("%s has no permission with a wildcard in its action", (_, { Properties: { Role } }) => {
    const actions = allowedTo(synth, Role).flatMap((statement) => statement.actions);
    expect(actions.filter((action) => action.includes("*"))).toEqual([]);
  });

  test("a function reaches only the kinds of ledger items that it needs: without a user session, none of its tokens", () => {
    const reached = functions.map(([name, { Properties }]) => {
      const ofLedger = allowedTo(synth, Properties["Role"]).filter(({ actions }) =>
        actions[0]?.startsWith("dynamodb:"),
      );
      // The indexes hold keys only, so their queries have no condition.
      const lists = ["ccd-requests", "exports", "health", "links"].includes(name);
      const index = lists ? "list" : "open";
      const ofIndex = ofLedger.filter(({ resources }) => resources.every((one) => one === `<Ledger>/index/${index}`));
      expect(ofIndex.every(({ actions }) => actions.every((action) => action === "dynamodb:Query"))).toBe(true);
      expect(ofIndex).toHaveLength(lists || name.startsWith("sweep-") ? 1 : 0);
      // The state of the stage's own session has a condition of its own (on-demand-api.test.ts): it has no token.
      const ofState = ofLedger.filter(({ Condition }) =>
        JSON.stringify(Condition ?? {}).includes("dynamodb:Attributes"),
      );
      expect(ofState).toHaveLength(name === "health" ? 1 : 0);
      const kinds = ofLedger
        .filter((one) => !ofIndex.includes(one) && !ofState.includes(one))
        .map(({ Condition }) => ledgerCondition.parse(Condition)["ForAllValues:StringLike"]);
      return [name, new Set(kinds.flatMap((kind) => kind["dynamodb:LeadingKeys"]))] as const;
    });
    const withSession = reached.filter(([, kinds]) => kinds.has("user-session#*")).map(([name]) => name);
    expect(withSession.toSorted()).toEqual([
      "ccd-requests",
      "fetch-ccds",
      "fhir-api",
      "links",
      "request-ccds",
      "smart",
      "sweep-links",
    ]);
    const withLinks = reached.filter(([, kinds]) => kinds.has("link#*")).map(([name]) => name);
    expect(withLinks.toSorted()).toEqual(withSession.toSorted());
    const withKeySet = reached.filter(([, kinds]) => kinds.has("client-keys#*")).map(([name]) => name);
    expect(withKeySet.toSorted()).toEqual(["health", "jwks", "rotate-key"]);
    const withPatients = reached.filter(([, kinds]) => kinds.has("ccd#*")).map(([name]) => name);
    expect(withPatients.toSorted()).toEqual([
      "announce-ccds",
      "ccd-documents",
      "ccd-requests",
      "fail-ccds",
      "fetch-ccds",
      "open-ccd-request",
      "request-ccds",
      "sweep-ccd-requests",
    ]);
  });

  test("a function publishes events of its own types only, in the bridge's name, and never a request", () => {
    const published = functions.flatMap(([name, { Properties }]) => {
      const statements = allowedTo(synth, Properties["Role"]).filter(({ actions }) =>
        actions.includes("events:PutEvents"),
      );
      const types = statements.flatMap(({ Condition, resources }) => {
        expect(resources).toEqual(["<Bus>"]);
        return publishCondition.parse(Condition).StringEquals["events:detail-type"];
      });
      return types.length === 0 ? [] : [[name, types.toSorted()]];
    });
    expect(Object.fromEntries(published)).toEqual({
      "announce-ccds": ["Ccd Ready"],
      "announce-completion": ["Export Completed"],
      "cancel-export": ["Export Cancelled", "Export Failed"],
      "ccd-requests": ["User Session Ended"],
      "download-file": ["Export File Landed"],
      "fail-ccds": ["Ccd Failed"],
      "fail-export": ["Export Failed"],
      "fetch-ccds": ["Ccd Failed", "Ccd Ready", "User Session Ended"],
      "fhir-api": ["User Session Ended"],
      "kick-off-export": ["Export Started"],
      links: ["User Link Failed", "User Link Revoked", "User Linked"],
      "request-ccds": ["User Session Ended"],
      smart: ["User Link Failed", "User Linked"],
      "sweep-ccd-requests": ["Ccd Failed"],
      "sweep-exports": ["Export Cancelled", "Export Failed"],
      "sweep-links": ["User Link Failed", "User Link Revoked", "User Linked"],
    });
  });

  test("no function has a secret in its environment: it has the secret's name", () => {
    const texts = all.map(({ Environment }) => JSON.stringify(Environment));
    for (const text of texts) expect(text).not.toMatch(/PRIVATE|"d":|resolve:secretsmanager|BEGIN /);
  });
});

test("no option changes the functions' permissions, except for network interfaces, keys in KMS and private_key_jwt", () => {
  const [plain, full] = [synthesised("prod"), synthesised("prod with every option")].map(
    (synth) =>
      new Map(
        functionsOf(synth).map(([name, { Properties }]) => [
          name,
          asLines(allowedTo(synth, Properties["Role"])).filter(
            (line) => !line.startsWith("ec2:") && !line.includes("ClientKeys/"),
          ),
        ]),
      ),
  );
  const signing = ["kms:Sign → key/*", "secretsmanager:GetSecretValue → secret:integra-bridge/prod/client-??????"];
  for (const [name, lines] of plain ?? []) {
    const more = (full?.get(name) ?? []).filter((line) => !lines.includes(line));
    expect([name, more.toSorted()]).toEqual([name, withSmartClient.includes(name) ? signing : []]);
    expect(lines.filter((line) => !full?.get(name)?.includes(line))).toEqual([]);
  }
});

test("functions sign as the SMART client with keys in KMS that are tagged for their stage, and with no others", () => {
  const synth = synthesised("prod with every option");
  const wide = functionsOf(synth).flatMap(([, { Properties }]) =>
    allowedTo(synth, Properties["Role"]).filter(({ resources }) => resources.includes("key/*")),
  );
  expect(wide).toHaveLength(withSmartClient.length);
  for (const { actions, Condition } of wide) {
    expect(actions).toEqual(["kms:Sign"]);
    expect(Condition).toEqual({ StringEquals: { "aws:ResourceTag/integra-bridge:client-of": "prod" } });
  }
  const keys = synth.resources("AWS::KMS::Key").filter(({ id }) => id.startsWith("ClientKeys/"));
  expect(keys).toHaveLength(2);
  for (const { Properties } of keys)
    expect(Properties["Tags"]).toContainEqual({ Key: "integra-bridge:client-of", Value: "prod" });
});

/** The functions that send requests as the client of SMART launches. */
const withSmartClient = ["ccd-requests", "fetch-ccds", "fhir-api", "links", "request-ccds", "smart", "sweep-links"];
