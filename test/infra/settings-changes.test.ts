import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Template } from "#cli/templates/synthesised.ts";
import { prodSettings } from "./stage-variants.ts";
import { stageTemplates } from "./variant-app.ts";

type Templates = Record<string, Template>;

/** The values that a template's outputs export, as JSON, by the name of their export. */
function exportsOf({ Outputs = {} }: Template): Map<string, string> {
  const exported = Object.values(Outputs).flatMap(({ Export, Value }) =>
    Export === undefined ? [] : [[Export.Name, JSON.stringify(Value)] as const],
  );
  return new Map(exported);
}

const importsOf = (template: Template): string[] =>
  [...JSON.stringify(template).matchAll(/"Fn::ImportValue":"([^"]+)"/g)].map(([, name = ""]) => name);

/**
 * Why CloudFormation would refuse to go from one deployment to the other. Producers are updated before their consumers, and
 * an export that a deployed stack imports can be neither removed nor changed (CloudFormation, "Fn::ImportValue"). A stack
 * that is no longer in the app stays deployed as it is: the CDK does not delete it.
 */
function refusals(before: Templates, after: Templates): string[] {
  return Object.entries(before).flatMap(([producer, template]) => {
    const kept = exportsOf(after[producer] ?? template);
    const lost = new Set([...exportsOf(template)].filter(([name, value]) => kept.get(name) !== value).map(([n]) => n));
    return Object.entries(before).flatMap(([consumer, its]) =>
      [...new Set(importsOf(its))]
        .filter((name) => lost.has(name))
        .map((name) => `${producer} can no longer export ${name} as ${consumer} imports it`),
    );
  });
}

const exporting = (...names: string[]): Template => ({
  Resources: {},
  Outputs: Object.fromEntries(names.map((name) => [name, { Value: { Ref: `${name}1` }, Export: { Name: name } }])),
});

const importing = (name: string): Template => ({
  Resources: { User: { Type: "AWS::SQS::Queue", Properties: { QueueName: { "Fn::ImportValue": name } } } },
});

describe("the search for exports that are removed too early", () => {
  const before = { landing: exporting("Key", "Bus"), api: importing("Bus") };

  test("an export that a deployed stack imports may not be removed, even if that stack no longer imports it afterwards", () => {
    const after = { landing: exporting("Key"), api: exporting() };
    expect(refusals(before, after)).toEqual(["landing can no longer export Bus as api imports it"]);
  });

  test("an export that a deployed stack imports may not get another value", () => {
    const changed = { Resources: {}, Outputs: { Bus: { Value: "other", Export: { Name: "Bus" } } } };
    expect(refusals(before, { landing: changed, api: importing("Bus") })).toHaveLength(1);
  });

  test("an export that no stack imports may be removed, and a stack that leaves the app keeps its exports", () => {
    expect(refusals(before, { landing: exporting("Bus"), api: importing("Bus") })).toEqual([]);
    expect(refusals(before, { api: exporting() })).toEqual([]);
  });
});

const outdir = mkdtempSync(join(tmpdir(), "integra-bridge-changes-"));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

describe("the settings of a deployed stage", () => {
  const deployments = new Map(
    Object.entries(prodSettings).map(([name, overrides], index) => [
      name,
      stageTemplates({ stage: "prod", overrides }, join(outdir, String(index))),
    ]),
  );

  test("the stacks do import from each other", () => {
    const imported = [...deployments.values()].flatMap((templates) => Object.values(templates).flatMap(importsOf));
    expect(imported.length).toBeGreaterThan(100);
    expect(imported.some((name) => name.includes("-egress:"))).toBe(true);
  });

  test("no setting replaces a bucket that keeps data: its name would be taken", () => {
    // CloudFormation replaces a bucket if one of these changes ("AWS::S3::Bucket").
    const fixed = [...deployments.values()].map(({ landing }) =>
      Object.values(landing?.Resources ?? {}).flatMap(({ Type, Properties }) => {
        const { BucketName, ObjectLockEnabled } = (Properties ?? {}) as Record<string, unknown>;
        return Type === "AWS::S3::Bucket" ? [{ BucketName, ObjectLockEnabled }] : [];
      }),
    );
    expect(fixed[0]).toHaveLength(3);
    for (const buckets of fixed) expect(buckets).toEqual(fixed[0]);
  });

  test.each([...deployments])("a stage with %s can be given any other settings", (_, before) => {
    const refused = [...deployments].flatMap(([name, after]) =>
      refusals(before, after).map((reason) => `to ${name}: ${reason}`),
    );
    expect(refused).toEqual([]);
  });
});
