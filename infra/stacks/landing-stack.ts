import { Aws, CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import * as events from "aws-cdk-lib/aws-events";
import type * as kms from "aws-cdk-lib/aws-kms";
import type * as s3 from "aws-cdk-lib/aws-s3";
import * as sns from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { bucketPrefixes } from "#platform/bucket/object-keys.ts";
import { BackendClient } from "../constructs/bulk-export/backend-client.ts";
import { AlarmTopic } from "../constructs/platform/alarm-topic.ts";
import { AuditBucket } from "../constructs/platform/audit-bucket.ts";
import { addBackupNotice } from "../constructs/platform/backup-notice.ts";
import { encryptionKey } from "../constructs/platform/encryption-key.ts";
import { removalOf } from "../constructs/platform/kept-data.ts";
import { backupVaultName } from "../constructs/platform/kept-data-names.ts";
import { addKeyNotice } from "../constructs/platform/key-notice.ts";
import { LandingBucket } from "../constructs/platform/landing-bucket.ts";
import { ledgerTable } from "../constructs/platform/ledger-table.ts";
import { noticeTopic } from "../constructs/platform/notice-topic.ts";
import { ReadTrail } from "../constructs/platform/read-trail.ts";
import { Replication } from "../constructs/platform/replication.ts";
import type { SharedResources } from "../constructs/platform/shared-resources.ts";
import { grantSubscribers } from "../constructs/platform/subscriber-access.ts";
import { UserSession } from "../constructs/user-session/user-session.ts";
import { backupFrequency, recordsReads } from "../settings/platform.ts";
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
    const { alarms, audit, integra, replication, retention, smart, subscribers } = settings;
    const removalPolicy = removalOf(retention);
    this.key = encryptionKey(this, removalPolicy);
    const { key } = this;
    this.bucketName = `integra-bridge-${stage}-${Aws.ACCOUNT_ID}-${Aws.REGION}`;
    const landing = new LandingBucket(this, "Landing", {
      bucketName: this.bucketName,
      key,
      retention,
      replicated: replication.quarantine !== undefined,
    });
    this.bucket = landing.bucket;
    const { accessLogs } = landing;
    // Not integra-bridge-{stage}-audit-…: with the longest stage, that name would be too long, and it could be another stage's.
    this.auditBucketName = `integra-audit-${stage}-${Aws.ACCOUNT_ID}-${Aws.REGION}`;
    this.#auditBucket = new AuditBucket(this, "Audit", {
      bucketName: this.auditBucketName,
      key,
      retention,
      settings: audit,
      accessLogs,
      replicated: replication.audit !== undefined,
    }).bucket;
    this.bus = new events.EventBus(this, "Bus", { eventBusName: `integra-bridge-${stage}` });
    this.client = new BackendClient(this, "Integra", { settings: integra, key, stage, removalPolicy });
    const { client } = this;
    const sessions = { settings: integra, smart, client, key, stage, removalPolicy };
    this.userSession = new UserSession(this, "UserSession", sessions);
    this.ledger = ledgerTable(this, { key, deletionProtection: !retention.removeWithStack, removalPolicy });
    this.alarmTopic = new AlarmTopic(this, "Alarms", { settings: alarms, key, stage });
    grantSubscribers(this, subscribers);
    this.#watch(stage, settings);
    this.#replicate(settings);
    if (!retention.removeWithStack) this.#createLedgerLast();
    this.#outputs();
  }

  /** Reports what happens to the key and the backups, and records who reads. */
  #watch(stage: string, { alarms, audit, backup, retention }: StageSettings): void {
    const { key } = this;
    const topic = noticeTopic(this, alarms);
    addKeyNotice(this, topic, key);
    if (backupFrequency(backup, retention) !== undefined) addBackupNotice(this, topic, backupVaultName(stage));
    if (!recordsReads(audit, retention)) return;
    new ReadTrail(this, "Reads", { stage, key, landing: this.bucket, audit: this.#auditBucket });
  }

  #replicate({ replication: { audit, quarantine } }: StageSettings): void {
    if (audit === undefined && quarantine === undefined) return;
    const shared = { key: this.key, topic: sns.Topic.fromTopicArn(this, "AlarmTopic", this.alarmTopic.arn) };
    if (audit !== undefined) {
      new Replication(this, "AuditReplication", {
        ...shared,
        source: this.#auditBucket,
        sourceName: this.auditBucketName,
        prefix: "",
        settings: audit,
        what: "audit records",
      });
    }
    if (quarantine === undefined) return;
    new Replication(this, "QuarantineReplication", {
      ...shared,
      source: this.bucket,
      sourceName: this.bucketName,
      prefix: bucketPrefixes.quarantine,
      settings: quarantine,
      what: "quarantined answers",
    });
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
