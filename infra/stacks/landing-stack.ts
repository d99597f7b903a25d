import { Aws, CfnOutput, RemovalPolicy, Stack, type StackProps, Validations } from "aws-cdk-lib";
import * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import * as events from "aws-cdk-lib/aws-events";
import type * as kms from "aws-cdk-lib/aws-kms";
import type * as s3 from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { bridgeKey } from "../constructs/bridge-key.ts";
import { IntegraServer } from "../constructs/integra-server.ts";
import { LandingBucket } from "../constructs/landing-bucket.ts";
import { grantSubscriber } from "../constructs/subscriber-access.ts";
import { UserSession } from "../constructs/user-session.ts";
import type { StageSettings } from "../settings.ts";

/** What stays when code changes: the key, the bucket, the bus, the client's secret and the ledger. */
export class LandingStack extends Stack {
  readonly key: kms.Key;
  readonly bucket: s3.Bucket;
  readonly bucketName: string;
  readonly bus: events.EventBus;
  readonly integra: IntegraServer;
  readonly userSession: UserSession;
  readonly ledger: dynamodb.Table;

  constructor(scope: Construct, id: string, props: StackProps & { stage: string; settings: StageSettings }) {
    super(scope, id, props);
    const { stage, settings } = props;
    const removalPolicy = settings.retention.removeWithStack ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    this.key = bridgeKey(this, removalPolicy);
    this.bucketName = `integra-bridge-${stage}-${Aws.ACCOUNT_ID}-${Aws.REGION}`;
    const { bucketName, key } = this;
    this.bucket = new LandingBucket(this, "Landing", { bucketName, key, retention: settings.retention }).bucket;
    this.bus = new events.EventBus(this, "Bus", { eventBusName: `integra-bridge-${stage}` });
    this.integra = new IntegraServer(this, "Integra", { settings: settings.integra, key, stage, removalPolicy });
    this.userSession = new UserSession(this, "UserSession", { settings: settings.integra, key, stage, removalPolicy });
    this.ledger = new dynamodb.Table(this, "Ledger", {
      partitionKey: { name: "pk", type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: this.key,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: "expiresAt",
      deletionProtection: !settings.retention.removeWithStack,
      removalPolicy,
    });
    Validations.of(this.ledger).acknowledge({
      id: "HIPAA.Security-DynamoDBInBackupPlan",
      reason: "Point-in-time recovery is on, and a lost checkpoint only makes the next export a full one.",
    });
    for (const subscriber of settings.subscribers) grantSubscriber(this, subscriber);
    this.#outputs();
  }
  /** The ARN of objects by a key pattern, the same text in every stack. */
  objectsArn(pattern: string): string {
    return `arn:${Aws.PARTITION}:s3:::${this.bucketName}/${pattern}`;
  }

  #outputs(): void {
    new CfnOutput(this, "BucketName", { value: this.bucket.bucketName });
    new CfnOutput(this, "BusName", { value: this.bus.eventBusName });
    new CfnOutput(this, "KeyArn", { value: this.key.keyArn });
    new CfnOutput(this, "ClientSecretName", { value: this.integra.secretName });
    new CfnOutput(this, "SessionSecretName", { value: this.userSession.secretName });
    new CfnOutput(this, "LedgerTableName", { value: this.ledger.tableName });
  }
}
