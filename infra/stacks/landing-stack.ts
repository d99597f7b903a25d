import { Aws, CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import * as events from "aws-cdk-lib/aws-events";
import type * as kms from "aws-cdk-lib/aws-kms";
import type * as s3 from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { BackendClient } from "../constructs/bulk-export/backend-client.ts";
import { AlarmTopic } from "../constructs/platform/alarm-topic.ts";
import { AuditBucket } from "../constructs/platform/audit-bucket.ts";
import { encryptionKey } from "../constructs/platform/encryption-key.ts";
import { removalOf } from "../constructs/platform/kept-data.ts";
import { keyAlarm } from "../constructs/platform/key-alarm.ts";
import { LandingBucket } from "../constructs/platform/landing-bucket.ts";
import { ledgerTable } from "../constructs/platform/ledger-table.ts";
import type { SharedResources } from "../constructs/platform/shared-resources.ts";
import { grantSubscribers } from "../constructs/platform/subscriber-access.ts";
import { UserSession } from "../constructs/user-session/user-session.ts";
import type { StageSettings } from "../settings.ts";

export interface LandingStackProps extends StackProps {
  stage: string;
  settings: StageSettings;
}

/** What outlives a change of code: the key, the buckets, the bus, the ledger, and the secrets that the operator stores. */
export class LandingStack extends Stack implements SharedResources {
  readonly key: kms.Key;
  readonly bucket: s3.Bucket;
  readonly bucketName: string;
  readonly auditBucketName: string;
  readonly bus: events.EventBus;
  readonly ledger: dynamodb.Table;
  readonly client: BackendClient;
  readonly userSession: UserSession;
  readonly #auditBucket: s3.Bucket;
  /** The topic that the alarms of all stacks notify. */
  readonly alarmTopic: AlarmTopic;

  constructor(scope: Construct, id: string, props: LandingStackProps) {
    super(scope, id, { ...props, terminationProtection: !props.settings.retention.removeWithStack });
    const { stage, settings } = props;
    const { alarms, audit, integra, retention, smart, subscribers } = settings;
    const removalPolicy = removalOf(retention);
    this.key = encryptionKey(this, removalPolicy);
    const { key } = this;
    this.bucketName = `integra-bridge-${stage}-${Aws.ACCOUNT_ID}-${Aws.REGION}`;
    const landing = new LandingBucket(this, "Landing", { bucketName: this.bucketName, key, retention });
    this.bucket = landing.bucket;
    const { accessLogs } = landing;
    // Not integra-bridge-{stage}-audit-…: with the longest stage, that name would be too long, and it could be another stage's.
    this.auditBucketName = `integra-audit-${stage}-${Aws.ACCOUNT_ID}-${Aws.REGION}`;
    const trail = { bucketName: this.auditBucketName, key, retention, settings: audit, accessLogs };
    this.#auditBucket = new AuditBucket(this, "Audit", trail).bucket;
    this.bus = new events.EventBus(this, "Bus", { eventBusName: `integra-bridge-${stage}` });
    this.client = new BackendClient(this, "Integra", { settings: integra, key, stage, removalPolicy });
    const { client } = this;
    const sessions = { settings: integra, smart, client, key, stage, removalPolicy };
    this.userSession = new UserSession(this, "UserSession", sessions);
    this.ledger = ledgerTable(this, { key, deletionProtection: !retention.removeWithStack, removalPolicy });
    this.alarmTopic = new AlarmTopic(this, "Alarms", { settings: alarms, key, stage });
    grantSubscribers(this, subscribers);
    keyAlarm(this, { settings: alarms, key });
    if (!retention.removeWithStack) this.#createLedgerLast();
    this.#outputs();
  }

  /**
   * A failed deployment cannot delete a table with deletion protection, and CloudFormation could not roll back. So the table
   * is created once everything else of the stack is there. It needs the key anyway.
   */
  #createLedgerLast(): void {
    const others = this.node.children.filter((child) => child !== this.ledger && child !== this.key);
    this.ledger.node.addDependency(...others);
  }

  #outputs(): void {
    new CfnOutput(this, "BucketName", { value: this.bucket.bucketName });
    new CfnOutput(this, "AuditBucketName", { value: this.#auditBucket.bucketName });
    new CfnOutput(this, "BusName", { value: this.bus.eventBusName });
    new CfnOutput(this, "KeyArn", { value: this.key.keyArn });
    new CfnOutput(this, "ClientSecretName", { value: this.client.secretName });
    new CfnOutput(this, "SessionSecretName", { value: this.userSession.secretName });
    new CfnOutput(this, "SmartClientSecretName", { value: this.userSession.smartClientSecretName });
    new CfnOutput(this, "LedgerTableName", { value: this.ledger.tableName });
  }
}
