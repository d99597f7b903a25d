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

describe("a function without one of its permissions", () => {
  let test: BridgeUnderTest;
  let iam: IAMClient;

  beforeAll(async () => {
    test = await bridgeUnderTest({ simulator: { patients: 5 } });
    iam = new IAMClient(clientSettings(test.bridge.aws));
  });

  afterAll(async () => {
    await test.stop();
  });

  /** The inline policy of the only role with `part` in its name. */
  async function policyOf(part: string): Promise<{ RoleName: string; PolicyName: string; PolicyDocument: string }> {
    for await (const { Roles = [] } of paginateListRoles({ client: iam }, {})) {
      const RoleName = Roles.find((role) => role.RoleName?.includes(part))?.RoleName;
      if (RoleName === undefined) continue;
      const { PolicyNames: [PolicyName = ""] = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
      const { PolicyDocument = "" } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      return { RoleName, PolicyName, PolicyDocument: decodeURIComponent(PolicyDocument) };
    }
    throw new Error(`no role has ${part} in its name`);
  }

  // kick-off-export must be the first, because no container has a token yet. CloudFormation cuts the names of roles.
  it.each([
    ["kick-off-export's permission to read the secret", "KickOffExport", "secretsmanager:GetSecretValue"],
    ["complete-export's permission to read objects", "CompleteExpo", "s3:GetObject"],
    ["plan-downloads' permission to write objects", "PlanDownload", "s3:PutObject"],
    ["validate-request's permission to read the ledger", "ValidateReq", "dynamodb:GetItem"],
  ])("an export fails without %s, and completes with it", async (_, part, action) => {
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
