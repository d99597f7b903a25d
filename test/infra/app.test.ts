import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, Stack } from "aws-cdk-lib";
import { afterAll, describe, expect, test } from "vitest";
import { integraBridge } from "#infra/app.ts";
import type { StageVariant } from "./stage-variants.ts";
import { cdkContext, variantApp } from "./variant-app.ts";

const outdir = mkdtempSync(join(tmpdir(), "integra-bridge-app-"));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

describe("the app without -c stage", () => {
  test("the app creates no stack, and says which stages there are", () => {
    const app = new App({ outdir, context: cdkContext });
    expect(() => integraBridge(app)).toThrow("name the stage: -c stage=…; cdk.json knows local, dev, prod");
    expect(app.node.findAll().filter(Stack.isStack)).toEqual([]);
  });
});

/** The stacks that nobody can delete before they switch the protection off, by the last word of their name. */
const protectedStacks = (variant: StageVariant): unknown[] =>
  variantApp(variant, { outdir: join(outdir, variant), context: { "aws:cdk:disable-asset-staging": true } })
    .node.findAll()
    .filter(Stack.isStack)
    .filter(({ terminationProtection }) => terminationProtection)
    .map(({ stackName }) => stackName.split("-").at(-1));

describe("termination protection", () => {
  test("the stack that keeps data is protected", () => {
    expect(protectedStacks("prod")).toEqual(["landing"]);
  });

  test("a stage that deletes its data with its stack has no protected stack", () => {
    expect(protectedStacks("dev")).toEqual([]);
  });
});
