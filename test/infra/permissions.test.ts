import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { renderPermissionDocs } from "#cli/permission-docs.ts";
import { Synthesised, type Template } from "#cli/templates/synthesised.ts";
import { synthesised } from "./synthesised.ts";
import { allTemplates } from "./templates.ts";

const page = join(import.meta.dirname, "..", "..", "docs", "permissions.md");
const [plain, full] = [synthesised("prod"), synthesised("prod with every option")];

/** The values of every field with this name, at any depth. */
function valuesOf(name: string, value: unknown): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, field]) => (key === name ? [field].flat() : valuesOf(name, field)));
}

const allow = (Action: string | string[], more: object = {}): object => ({
  Statement: [{ Effect: "Allow", Action, ...more }],
});

const trust = allow("sts:AssumeRole", { Principal: { Service: "lambda.amazonaws.com" } });
const role = { Type: "AWS::IAM::Role", Properties: { AssumeRolePolicyDocument: trust } };

const rendered = (Resources: Template["Resources"], more: Template["Resources"] = {}): string =>
  renderPermissionDocs(
    new Synthesised({ demo: { Resources } }),
    new Synthesised({ demo: { Resources: { ...Resources, ...more } } }),
  );

describe("the table of permissions", () => {
  // A new permission must show in review: run npm run docs, and look at the difference.
  test("docs/permissions.md is up to date with the templates (npm run docs writes it)", async () => {
    expect(await readFile(page, "utf8")).toBe(renderPermissionDocs(plain, full));
  });

  test("the page has every action and every role of every template", async () => {
    const text = renderPermissionDocs(plain, full);
    const templates = await allTemplates();
    for (const variant of ["prod", "prod with every option"] as const) {
      const actions = Object.values(templates[variant]).flatMap(({ Resources }) => valuesOf("Action", Resources));
      expect(actions.length).toBeGreaterThan(50);
      expect(
        actions.filter((action) => action !== "sts:AssumeRole" && !text.includes(`\`${String(action)}\``)),
      ).toEqual([]);
    }
    const roles = full.resources("AWS::IAM::Role").map(({ stack, id }) => `### ${stack}: ${id.replace(/\/Role$/, "")}`);
    expect(roles.length).toBeGreaterThan(12);
    expect(roles.filter((title) => !text.includes(`${title}\n`))).toEqual([]);
  });

  test("the page shows a role's inline policies, attached policies and AWS managed policies, and who uses the role", () => {
    const text = rendered({
      Worker: {
        ...role,
        Properties: {
          ...role.Properties,
          ManagedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
          Policies: [{ PolicyName: "inline", PolicyDocument: allow("s3:GetObject", { Resource: "*" }) }],
        },
      },
      Attached: {
        Type: "AWS::IAM::ManagedPolicy",
        Properties: { Roles: [{ Ref: "Worker" }], PolicyDocument: allow("s3:PutObject", { Resource: { Ref: "Box" } }) },
      },
      Function: { Type: "AWS::Lambda::Function", Properties: { Role: { "Fn::GetAtt": ["Worker", "Arn"] } } },
    });
    expect(text).toContain(
      "### demo: Worker\n\nAssumed by `lambda.amazonaws.com`, for `Function` (AWS::Lambda::Function).",
    );
    expect(text).toContain("| whatever AWS's policy allows | `arn:aws:iam::aws:policy/ReadOnlyAccess` |  |");
    expect(text).toContain("| `s3:GetObject` | `*` |  |");
    expect(text).toContain("| `s3:PutObject` | `Box` |  |");
  });

  test("the page shows resource policies, what they deny, and Lambda permissions", () => {
    const deny = {
      Effect: "Deny",
      Principal: "*",
      Action: "s3:*",
      Resource: { Ref: "Box" },
      Condition: { Bool: { a: "b" } },
    };
    const text = rendered({
      BoxPolicy: { Type: "AWS::S3::BucketPolicy", Properties: { PolicyDocument: { Statement: [deny] } } },
      Door: {
        Type: "AWS::Lambda::Permission",
        Properties: { Action: "lambda:InvokeFunction", FunctionName: "f", Principal: "*" },
      },
    });
    expect(text).toContain('| `*` | not `s3:*` | `Box` | `{"Bool":{"a":"b"}}` |');
    expect(text).toContain("| `*` | `lambda:InvokeFunction` | `f` |  |");
  });

  test("the page shows what options add: new roles, and new permissions of existing roles", () => {
    const known = {
      Base: {
        Type: "AWS::IAM::Policy",
        Properties: { Roles: [{ Ref: "A" }], PolicyDocument: allow("b:Known", { Resource: "x" }) },
      },
      A: role,
    };
    const more = {
      Extra: {
        Type: "AWS::IAM::Policy",
        Properties: { Roles: [{ Ref: "A" }], PolicyDocument: allow(["b:Do", "a:Do"], { Resource: "x" }) },
      },
      B: role,
    };
    const added = rendered(known, more).split("## What every option adds")[1];
    expect(added).toContain(
      "### demo: A\n\nAssumed by `lambda.amazonaws.com`.\n\n| may | on | if |\n| --- | --- | --- |\n| `a:Do`, `b:Do` | `x` |  |\n\n### demo: B",
    );
    expect(rendered(known).split("## What every option adds")[1]).not.toContain("###");
  });

  test.each([
    ["a user", { U: { Type: "AWS::IAM::User", Properties: {} } }, "does not know AWS::IAM::User"],
    [
      "a policy with NotAction",
      { P: { Type: "AWS::S3::BucketPolicy", Properties: { D: { Statement: [{ NotAction: "s3:*" }] } } } },
      "NotAction is not supported",
    ],
  ])("the page cannot be rendered with %s, so it never hides one", (_, resources, message) => {
    expect(() => rendered(resources)).toThrow(message);
  });
});
