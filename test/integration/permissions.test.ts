import {
  GetRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
  paginateListRoles,
} from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientSettings } from "#local/local-bridge.ts";
import { type BridgeUnderTest, bridgeUnderTest, completed, failed } from "../fixtures/bridge-under-test.ts";

const request = { level: "patient", types: ["Patient"], since: "last-completed" };

describe("a function that reaches for what its role lacks", () => {
  let test: BridgeUnderTest;
  let iam: IAMClient;

  beforeAll(async () => {
    test = await bridgeUnderTest({ simulator: { patients: 5 } });
    iam = new IAMClient(clientSettings(test.bridge.aws));
  });

  afterAll(async () => {
    await test.stop();
  });

  /** The inline policy of the one role whose name holds this. */
  async function policyOf(part: string): Promise<{ RoleName: string; PolicyName: string; PolicyDocument: string }> {
    for await (const { Roles = [] } of paginateListRoles({ client: iam }, {})) {
      const RoleName = Roles.find((role) => role.RoleName?.includes(part))?.RoleName;
      if (RoleName === undefined) continue;
      const { PolicyNames: [PolicyName = ""] = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
      const { PolicyDocument = "" } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      return { RoleName, PolicyName, PolicyDocument: decodeURIComponent(PolicyDocument) };
    }
    throw new Error(`no role is called ${part}`);
  }

  // The first of them needs containers that have no token yet. CloudFormation cuts the names of roles.
  it.each([
    ["decrypts what it may not", "KickOffExport", "secretsmanager:GetSecretValue"],
    ["reads what it may not", "CompleteExpo", "s3:GetObject"],
    ["writes what it may not", "PlanDownload", "s3:PutObject"],
    ["remembers what it may not", "ValidateReq", "dynamodb:GetItem"],
  ])("fails the export where it %s, and not where it may", async (_, part, action) => {
    const { RoleName, PolicyName, PolicyDocument } = await policyOf(part);
    expect(PolicyDocument).toContain(`"${action}"`);
    const lacking = PolicyDocument.replaceAll(`"${action}"`, '"s3:GetBucketLocation"');
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: lacking }));
    const refused = failed(await test.exportBy(request));
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }));

    expect(refused.error.name).toBe("Unexpected");
    expect(refused.error.message).toMatch(/AccessDenied|not authorized/);
    expect(refused.error.message).toContain(action);
    expect(await test.objects(`exports/${refused.exportId}/summary`)).toEqual(new Map());
    expect(completed(await test.exportBy(request)).status).toBe("complete");
  });
});
