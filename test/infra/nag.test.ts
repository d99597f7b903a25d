import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, Stack } from "aws-cdk-lib";
import * as s3 from "aws-cdk-lib/aws-s3";
import { AwsSolutionsChecks, HIPAASecurityChecks } from "cdk-nag";
import { afterAll, describe, expect, test } from "vitest";
import { acknowledgments } from "./acknowledgments.ts";
import { variantNames } from "./stage-variants.ts";
import { variantApp } from "./variant-app.ts";

const outdir = mkdtempSync(join(tmpdir(), "integra-bridge-nag-"));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

/** The rules that the two packs find violated, and where. */
function violations(app: App): string[] {
  return [new AwsSolutionsChecks(app), new HIPAASecurityChecks(app)]
    .flatMap((pack) => pack.validateScope(app).violations)
    .flatMap((v) => v.violatingResources.map(({ constructPath }) => `${v.ruleName} at ${constructPath}`));
}

describe.each(variantNames)("the rules of AwsSolutions and HIPAA in %s", (variant) => {
  const app = variantApp(variant, {
    outdir: join(outdir, variant.replaceAll(/\W+/g, "-")),
    context: { "aws:cdk:disable-asset-staging": true },
  });

  test("no rule is violated without an acknowledgement", () => {
    // synth itself throws if the packs that the app registers find a violation.
    expect(() => app.synth()).not.toThrow();
    expect(violations(app)).toEqual([]);
  });

  test("each acknowledgement has a reason", () => {
    const all = acknowledgments(app);
    expect(all.length).toBeGreaterThan(0);
    expect(all.filter(({ reason }) => reason.length < 20)).toEqual([]);
  });

  test("no acknowledgement covers a whole stack or every wildcard", () => {
    const broad = acknowledgments(app).filter(
      ({ path, rule }) => /AwsSolutions|HIPAA/.test(rule) && (!path.includes("/") || rule.endsWith("IAM5")),
    );
    expect(broad).toEqual([]);
  });
});

function appWithPublicBucket(): App {
  const app = variantApp("prod", {
    outdir: join(outdir, "public"),
    context: { "aws:cdk:disable-asset-staging": true },
  });
  const blockPublicAccess = s3.BlockPublicAccess.BLOCK_ACLS_ONLY;
  const bucket = new s3.Bucket(new Stack(app, "careless"), "Open", { publicReadAccess: true, blockPublicAccess });
  expect(bucket.node.path).toBe("careless/Open");
  return app;
}

describe("an app with a public bucket", () => {
  const app = appWithPublicBucket();

  test("the packs find the bucket", () => {
    expect(violations(app)).toEqual(
      expect.arrayContaining([
        "AwsSolutions-S2 at careless/Open/Resource",
        "HIPAA.Security-S3BucketLevelPublicAccessProhibited at careless/Open/Resource",
      ]),
    );
  });

  test("the app is not synthesised, because it registers both packs itself", () => {
    expect(() => app.synth()).toThrow("validation-report.json");
  });
});
