import {
  CloudFormationClient,
  CloudFormationServiceException,
  DescribeStacksCommand,
} from "@aws-sdk/client-cloudformation";
import { CloudWatchLogsClient, paginateDescribeLogGroups } from "@aws-sdk/client-cloudwatch-logs";
import { DescribeContinuousBackupsCommand, DescribeTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DescribeKeyCommand, GetKeyPolicyCommand, GetKeyRotationStatusCommand, KMSClient } from "@aws-sdk/client-kms";
import { GetBucketPolicyCommand, GetPublicAccessBlockCommand } from "@aws-sdk/client-s3";
import { GetScheduleCommand, paginateListSchedules, SchedulerClient } from "@aws-sdk/client-scheduler";
import { DescribeSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { paginateListSubscriptionsByTopic, SNSClient } from "@aws-sdk/client-sns";
import { type AwsAccess, stackName } from "../stage-outputs.ts";
import { stageResources } from "../stage-resources.ts";
import { ifSet, s3Client } from "./s3-answers.ts";
import type { Bucket, KeyPorts, LedgerPorts, LogGroup, Schedule, StackPorts, Subscription } from "./stage-checks.ts";

/** Reads what is deployed, by the AWS SDK. Each method is a port of a check, and changes nothing. */
export interface StageReader {
  readStack: StackPorts["readStack"];
  readLogGroups: () => Promise<LogGroup[]>;
  readBuckets: () => Promise<Bucket[]>;
  readSchedules: () => Promise<Schedule[]>;
  readKey: (keyArn: string) => ReturnType<KeyPorts["readKey"]>;
  readLedger: (table: string) => ReturnType<LedgerPorts["readLedger"]>;
  readSubscriptions: (topicArn: string) => Promise<Subscription[]>;
  readRotation: (secretName: string) => Promise<boolean>;
}

/** @param parts the stage's stacks, by the last part of their names */
export function stageReader(stage: string, parts: readonly string[], access: AwsAccess = {}): StageReader {
  const cloudFormation = new CloudFormationClient(access);
  const kms = new KMSClient(access);
  const dynamo = new DynamoDBClient(access);
  const logs = new CloudWatchLogsClient(access);
  const scheduler = new SchedulerClient(access);

  /** The physical ids of all resources of a type. */
  const resourcesOf = async (type: string): Promise<string[]> => {
    const found: string[] = [];
    for await (const resource of stageResources(cloudFormation, stage, parts))
      if (resource.type === type) found.push(resource.physicalId);
    return found;
  };

  return {
    readStack: async (part) => {
      try {
        const { Stacks: [stack] = [] } = await cloudFormation.send(
          new DescribeStacksCommand({ StackName: stackName(stage, part) }),
        );
        if (stack === undefined) return undefined;
        const outputs = (stack.Outputs ?? []).map(({ OutputKey = "" }) => OutputKey);
        return { status: stack.StackStatus ?? "of an unknown status", outputs };
      } catch (error) {
        // CloudFormation's answer about a stack that does not exist.
        if (error instanceof CloudFormationServiceException && /does not exist/.test(error.message)) return undefined;
        throw error;
      }
    },
    readLogGroups: () =>
      eachOf(resourcesOf("AWS::Logs::LogGroup"), async (name) => {
        for await (const { logGroups = [] } of paginateDescribeLogGroups(
          { client: logs },
          { logGroupNamePrefix: name },
        )) {
          const group = logGroups.find(({ logGroupName }) => logGroupName === name);
          if (group !== undefined) return { name, keyArn: group.kmsKeyId, days: group.retentionInDays };
        }
        throw new Error(`the log group ${name} does not exist any more: deploy the stage again`);
      }),
    readBuckets: async () => await eachOf(resourcesOf("AWS::S3::Bucket"), bucketReader(access)),
    readSchedules: async () => {
      const groups = await eachOf(resourcesOf("AWS::Scheduler::ScheduleGroup"), async (GroupName) => {
        const found: Schedule[] = [];
        for await (const { Schedules = [] } of paginateListSchedules({ client: scheduler }, { GroupName }))
          for (const { Name = "" } of Schedules) {
            const { Description = Name, State } = await scheduler.send(new GetScheduleCommand({ Name, GroupName }));
            found.push({ description: Description, enabled: State === "ENABLED" });
          }
        return found;
      });
      return groups.flat();
    },
    readKey: async (KeyId) => {
      const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
      const { KeyRotationEnabled } = await kms.send(new GetKeyRotationStatusCommand({ KeyId }));
      const { Policy } = await kms.send(new GetKeyPolicyCommand({ KeyId, PolicyName: "default" }));
      return { state: KeyMetadata?.KeyState ?? "unknown", rotates: KeyRotationEnabled === true, policy: Policy ?? "" };
    },
    readLedger: async (TableName) => {
      const { Table } = await dynamo.send(new DescribeTableCommand({ TableName }));
      const { ContinuousBackupsDescription } = await dynamo.send(new DescribeContinuousBackupsCommand({ TableName }));
      const { PointInTimeRecoveryStatus } = ContinuousBackupsDescription?.PointInTimeRecoveryDescription ?? {};
      return {
        deletionProtection: Table?.DeletionProtectionEnabled === true,
        pointInTimeRecovery: PointInTimeRecoveryStatus === "ENABLED",
      };
    },
    readSubscriptions: async (TopicArn) => {
      const found: Subscription[] = [];
      const client = new SNSClient(access);
      // Instead of an ARN, a subscription may have the text "PendingConfirmation" or "Deleted".
      for await (const { Subscriptions = [] } of paginateListSubscriptionsByTopic({ client }, { TopicArn }))
        for (const { Endpoint = "an endpoint", SubscriptionArn = "" } of Subscriptions)
          if (SubscriptionArn !== "Deleted")
            found.push({ endpoint: Endpoint, confirmed: SubscriptionArn.startsWith("arn:") });
      return found;
    },
    readRotation: async (SecretId) => {
      const { RotationEnabled } = await new SecretsManagerClient(access).send(new DescribeSecretCommand({ SecretId }));
      return RotationEnabled === true;
    },
  };
}

/** Reads what keeps a bucket private. S3 answers with an error for what is not set, and that counts as off. */
function bucketReader(access: AwsAccess): (name: string) => Promise<Bucket> {
  const s3 = s3Client(access);
  return async (name) => {
    const block = await ifSet("NoSuchPublicAccessBlockConfiguration", () =>
      s3.send(new GetPublicAccessBlockCommand({ Bucket: name })),
    );
    const policy = await ifSet("NoSuchBucketPolicy", () => s3.send(new GetBucketPolicyCommand({ Bucket: name })));
    const { BlockPublicAcls, BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets } =
      block?.PublicAccessBlockConfiguration ?? {};
    return {
      name,
      blocksPublicAccess: [BlockPublicAcls, BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets].every(Boolean),
      policy: policy?.Policy,
    };
  };
}

/** One after the other: the quotas of these calls are small, such as ten a second for log groups. */
async function eachOf<Value>(names: Promise<string[]>, read: (name: string) => Promise<Value>): Promise<Value[]> {
  const values: Value[] = [];
  for (const name of await names) values.push(await read(name));
  return values;
}
