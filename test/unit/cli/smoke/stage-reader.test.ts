import {
  CloudFormationClient,
  CloudFormationServiceException,
  DescribeStacksCommand,
  ListStackResourcesCommand,
} from "@aws-sdk/client-cloudformation";
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { GetBucketPolicyCommand, GetPublicAccessBlockCommand, S3Client, S3ServiceException } from "@aws-sdk/client-s3";
import { ListSubscriptionsByTopicCommand, SNSClient } from "@aws-sdk/client-sns";
import { mockClient } from "aws-sdk-client-mock";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { stageReader } from "#cli/smoke/stage-reader.ts";

const s3Fault = (name: string) => new S3ServiceException({ name, message: name, $fault: "client", $metadata: {} });

const stackFault = (name: string, message: string) =>
  new CloudFormationServiceException({ name, message, $fault: "client", $metadata: {} });

/** Answers of AWS that the local AWS does not give. */
describe("stageReader", () => {
  const sns = mockClient(SNSClient);
  const s3 = mockClient(S3Client);
  const logs = mockClient(CloudWatchLogsClient);
  const cloudFormation = mockClient(CloudFormationClient);
  const mocks = [sns, s3, logs, cloudFormation];
  const reader = stageReader("prod", ["landing"], { region: "eu-west-1" });

  beforeEach(() => {
    for (const mock of mocks) mock.reset();
  });
  // The other files of this worker share the classes.
  afterAll(() => {
    for (const mock of mocks) mock.restore();
  });
  afterEach(() => {
    for (const mock of mocks) mock.reset();
  });

  const listResources = (ResourceType: string, ...ids: string[]) =>
    cloudFormation.on(ListStackResourcesCommand, { StackName: "integra-bridge-prod-landing" }).resolves({
      StackResourceSummaries: ids.map((PhysicalResourceId) => ({
        LogicalResourceId: "x",
        ResourceType,
        PhysicalResourceId,
        LastUpdatedTimestamp: undefined,
        ResourceStatus: "CREATE_COMPLETE",
      })),
    });

  it("a recipient who did not confirm yet is known by the text that SNS gives instead of an ARN", async () => {
    sns.on(ListSubscriptionsByTopicCommand).resolvesOnce({
      Subscriptions: [
        { Endpoint: "a@example.org", SubscriptionArn: "PendingConfirmation" },
        { Endpoint: "c@example.org", SubscriptionArn: "Deleted" },
      ],
      NextToken: "more",
    });
    sns.on(ListSubscriptionsByTopicCommand, { NextToken: "more" }).resolves({
      Subscriptions: [{ Endpoint: "b@example.org", SubscriptionArn: "arn:aws:sns:eu-west-1:111122223333:t:1" }],
    });
    expect(await reader.readSubscriptions("arn:aws:sns:eu-west-1:111122223333:t")).toEqual([
      { endpoint: "a@example.org", confirmed: false },
      { endpoint: "b@example.org", confirmed: true },
    ]);
  });

  it("a bucket without a public access block and without a policy is read as open", async () => {
    listResources("AWS::S3::Bucket", "landing");
    s3.on(GetPublicAccessBlockCommand).rejects(s3Fault("NoSuchPublicAccessBlockConfiguration"));
    s3.on(GetBucketPolicyCommand).rejects(s3Fault("NoSuchBucketPolicy"));
    expect(await reader.readBuckets()).toEqual([{ name: "landing", blocksPublicAccess: false, policy: undefined }]);
  });

  it("a bucket that blocks only some public access is read as open", async () => {
    listResources("AWS::S3::Bucket", "landing");
    const PublicAccessBlockConfiguration = {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: false,
    };
    s3.on(GetPublicAccessBlockCommand).resolves({ PublicAccessBlockConfiguration });
    s3.on(GetBucketPolicyCommand).resolves({ Policy: "{}" });
    expect(await reader.readBuckets()).toEqual([{ name: "landing", blocksPublicAccess: false, policy: "{}" }]);
  });

  it("a bucket that may not be read is not taken for an open one", async () => {
    listResources("AWS::S3::Bucket", "landing");
    s3.on(GetPublicAccessBlockCommand).rejects(s3Fault("AccessDenied"));
    await expect(reader.readBuckets()).rejects.toThrow("AccessDenied");
  });

  it("a log group is not confused with another one whose name begins with its name", async () => {
    listResources("AWS::Logs::LogGroup", "log");
    logs.on(DescribeLogGroupsCommand).resolves({
      logGroups: [{ logGroupName: "log-2" }, { logGroupName: "log", kmsKeyId: "key", retentionInDays: 30 }],
    });
    expect(await reader.readLogGroups()).toEqual([{ name: "log", keyArn: "key", days: 30 }]);
  });

  it("a log group that somebody deleted is an error", async () => {
    listResources("AWS::Logs::LogGroup", "log");
    logs.on(DescribeLogGroupsCommand).resolves({ logGroups: [{ logGroupName: "log-2" }] });
    await expect(reader.readLogGroups()).rejects.toThrow("the log group log does not exist any more");
  });

  it("a stack that may not be read is not taken for a stack that does not exist", async () => {
    cloudFormation
      .on(DescribeStacksCommand)
      .rejects(stackFault("ValidationError", "Stack with id integra-bridge-prod-landing does not exist"));
    expect(await reader.readStack("landing")).toBeUndefined();
    cloudFormation.on(DescribeStacksCommand).rejects(stackFault("AccessDenied", "not authorized"));
    await expect(reader.readStack("landing")).rejects.toThrow("not authorized");
  });
});
