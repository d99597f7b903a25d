import { describe, expect, it } from "vitest";
import { operatorTasks } from "#cli/doctor/operator-tasks.ts";
import { checkCaller, checkRoles, type OperatorTask, type RolePermissions } from "#cli/doctor/permissions-check.ts";

const tasks: OperatorTask[] = [
  { command: "npm run keys", actions: ["kms:Decrypt", "kms:GenerateDataKey"], resource: "arn:aws:kms:…:key/1" },
  {
    command: "npm run session",
    actions: ["secretsmanager:PutSecretValue"],
    resource: "arn:aws:secretsmanager:…:secret",
  },
];

const callerFindings = (caller: string, denied: readonly string[] | undefined) =>
  checkCaller({
    readCaller: () => Promise.resolve(caller),
    tasks: () => Promise.resolve(tasks),
    simulate: (_, task) => Promise.resolve(denied && task.actions.filter((action) => denied.includes(action))),
  })();

describe("the check of the operator's identity", () => {
  it("an identity that may do all is ok, and names itself", async () => {
    expect(await callerFindings("arn:aws:iam::111122223333:user/ops", [])).toEqual([
      { verdict: "ok", seen: "arn:aws:iam::111122223333:user/ops may do what the commands need" },
    ]);
    expect((await callerFindings("arn:aws:iam::111122223333:root", undefined))[0]?.verdict).toBe("ok");
  });

  it("what is denied is a warning that names the command, because the stage itself works", async () => {
    expect(await callerFindings("ops", ["kms:GenerateDataKey", "secretsmanager:PutSecretValue"])).toEqual([
      {
        verdict: "warning",
        seen: "ops may not kms:GenerateDataKey on arn:aws:kms:…:key/1",
        action: "npm run keys needs it: allow it, or run the command with another identity",
      },
      {
        verdict: "warning",
        seen: "ops may not secretsmanager:PutSecretValue on arn:aws:secretsmanager:…:secret",
        action: "npm run session needs it: allow it, or run the command with another identity",
      },
    ]);
  });

  it("if the identity may not ask IAM, that is said once, with all that the commands need", async () => {
    const findings = await callerFindings("ops", undefined);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      verdict: "could-not-check",
      action: expect.stringContaining("kms:Decrypt, kms:GenerateDataKey, secretsmanager:PutSecretValue") as string,
    });
  });

  it("the tasks name the stage's own resources, in the partition of its key", () => {
    const keyArn = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1";
    const resources = operatorTasks({ stage: "prod", keyArn, ledgerTable: "ledger", rotationFunction: "rotate" }).map(
      ({ resource }) => resource,
    );
    expect(resources).toContain(
      "arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:integra-bridge/prod/client-??????",
    );
    expect(resources).toContain("arn:aws-us-gov:dynamodb:us-gov-west-1:111122223333:table/ledger");
    expect(resources).toContain("arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:rotate");
    expect(resources).toContain(keyArn);
  });
});

const roleFindings = (roles: RolePermissions[] | undefined) =>
  checkRoles({ readRoles: () => Promise.resolve(roles) })();

describe("the check of the stage's roles", () => {
  const role = { name: "api: OnDemand/Jwks", granted: ["dynamodb:GetItem under a condition", "kms:Decrypt"] };

  it("roles that have what their templates grant are ok", async () => {
    expect(await roleFindings([{ ...role, actual: role.granted }])).toMatchObject([{ verdict: "ok" }]);
  });

  it("a permission that is missing, that was added, or that lost its condition fails and is named", async () => {
    expect(await roleFindings([{ ...role, actual: ["dynamodb:GetItem", "kms:Decrypt"] }])).toMatchObject([
      { verdict: "failed", seen: "the role api: OnDemand/Jwks lacks dynamodb:GetItem under a condition" },
      { verdict: "failed", seen: "the role api: OnDemand/Jwks may also dynamodb:GetItem" },
    ]);
  });

  it("roles that IAM does not show could not be checked", async () => {
    expect(await roleFindings(undefined)).toMatchObject([{ verdict: "could-not-check" }]);
  });
});
