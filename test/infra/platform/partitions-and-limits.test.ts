import { App } from "aws-cdk-lib";
import { describe, expect, test } from "vitest";
import { everyOption } from "#cli/templates/every-option.ts";
import type { Template } from "#cli/templates/synthesised.ts";
import { mostEnvironmentBytes, referenceBytes } from "#infra/constructs/platform/environment-size.ts";
import { integraBridge } from "../../../infra/app.ts";
import { topicArn, variantNames } from "../stage-variants.ts";
import { allTemplates } from "../templates.ts";
import { cdkContext } from "../variant-app.ts";

const templates = await allTemplates();

/** The values of every field with this name, at any depth. */
function valuesOf(name: string, value: unknown): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, field]) => (key === name ? [field] : valuesOf(name, field)));
}

/**
 * What keys may be used through. The CDK itself lets this account use the key through Secrets Manager, under the name of the
 * partition `aws`. The key's first statement lets the account use it anyway.
 */
const viaServices = (template: Template): string[] =>
  valuesOf("kms:ViaService", template)
    .map((service) => JSON.stringify(service))
    .filter((service) => !service.includes('"secretsmanager."'));

const arnsOf = ({ bucketArn, keyArn }: { bucketArn: string; keyArn: string }) => [bucketArn, keyArn];

describe.each(variantNames)("the templates of %s", (variant) => {
  const stacks = Object.entries(templates[variant]);

  test.each(stacks)("%s names no partition, so that it can be deployed to aws-cn and aws-us-gov", (_, template) => {
    // The user's own topic, certificates, web ACL, buckets, keys and callers are settings.
    const { api, console, replication, smart } = everyOption;
    const copies = [replication.audit, replication.quarantine].flatMap(arnsOf);
    const callers = [...smart.ehrLaunches, ...smart.applications].map(({ caller }) => caller);
    const localCaller = "arn:aws:iam::000000000000:root";
    const ofConsole = [console.domain.certificateArn, console.webAclArn];
    const own = [localCaller, topicArn, api.domain.certificateArn, ...ofConsole, ...copies, ...callers];
    const text = own.reduce((rest, arn) => rest.replaceAll(arn, ""), JSON.stringify(template));
    expect([...text.matchAll(/.{60}arn:aws[\w-]*:.{40}/g)].map(([found]) => found)).toEqual([]);
  });

  test.each(stacks)("%s names no domain in kms:ViaService, because that of aws-cn is another", (_, template) => {
    for (const service of viaServices(template)) expect(service).toMatch(/^(?!.*amazonaws\.com).*AWS::URLSuffix/);
  });

  test.each(stacks)("no function of %s has more environment than Lambda allows", (_, template) => {
    const tooLarge = environments(template).filter(([, bytes]) => bytes > mostEnvironmentBytes);
    expect(tooLarge).toEqual([]);
  });
});

test("kms:ViaService is in the templates", () => {
  expect(Object.values(templates["prod with every option"]).flatMap(viaServices)).toHaveLength(6);
});

test("the functions whose environment is measured are those of the bridge", () => {
  const measured = Object.values(templates["prod with every option"]).flatMap(environments);
  expect(measured.length).toBeGreaterThan(20);
  for (const [, bytes] of measured) expect(bytes).toBeGreaterThan(50);
});

test("settings that make an environment too large are refused at synthesis, by function and variable", () => {
  const groups = Array.from({ length: 60 }, (_, index) => ({ id: String(index).padEnd(64, "0"), name: `g${index}` }));
  const overrides = { export: { groups } };
  const app = new App({ context: { ...cdkContext, stage: "dev", overrides, "aws:cdk:disable-asset-staging": true } });
  expect(() => integraBridge(app).synth()).toThrow(
    /the environment of validate-request takes \d+ bytes, and Lambda allows 4096: shorten the setting behind EXPORT_GROUPS/,
  );
});

/** Each function of a template, with the bytes of its environment at most. */
function environments({ Resources }: Template): [id: string, bytes: number][] {
  return Object.entries(Resources).flatMap(([id, { Type, Properties }]) => {
    if (Type !== "AWS::Lambda::Function") return [];
    const { Environment } = Properties as { Environment?: { Variables: Record<string, unknown> } };
    const sizes = Object.entries(Environment?.Variables ?? {}).map(([name, value]) => name.length + bytesOf(value));
    return Environment === undefined ? [] : [[id, sizes.reduce((sum, size) => sum + size, 0)] as const];
  }) as [string, number][];
}

/** A text, or the parts of a Fn::Join; anything else is known at deployment only. */
function bytesOf(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  const { "Fn::Join": join } = value as { "Fn::Join"?: [string, unknown[]] };
  return join === undefined ? referenceBytes : join[1].reduce<number>((sum, part) => sum + bytesOf(part), 0);
}
