import { type RemovalPolicy, Validations } from "aws-cdk-lib";
import * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import type * as kms from "aws-cdk-lib/aws-kms";
import type { Construct } from "constructs";
import { listIndex, openIndex } from "#platform/ledger/ledger-keys.ts";

export interface LedgerTableProps {
  key: kms.IKey;
  /** If true, the table cannot be deleted until this setting is switched off. */
  deletionProtection: boolean;
  removalPolicy: RemovalPolicy;
}

/** The ledger: leases, checkpoints, requests for CCDs and the user session's tokens, each kind under keys of its own. */
export function ledgerTable(
  scope: Construct,
  { key, deletionProtection, removalPolicy }: LedgerTableProps,
): dynamodb.Table {
  const table = new dynamodb.Table(scope, "Ledger", {
    partitionKey: { name: "pk", type: dynamodb.AttributeType.STRING },
    billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
    encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED,
    encryptionKey: key,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    timeToLiveAttribute: "expiresAt",
    deletionProtection,
    removalPolicy,
  });
  // It holds the keys of open items only: no patient, and nothing of what has ended.
  table.addGlobalSecondaryIndex({
    indexName: openIndex,
    partitionKey: { name: "openIn", type: dynamodb.AttributeType.STRING },
    sortKey: { name: "dueAt", type: dynamodb.AttributeType.STRING },
    projectionType: dynamodb.ProjectionType.KEYS_ONLY,
  });
  // It holds the keys of listed items only.
  table.addGlobalSecondaryIndex({
    indexName: listIndex,
    partitionKey: { name: "listedIn", type: dynamodb.AttributeType.STRING },
    sortKey: { name: "listedAt", type: dynamodb.AttributeType.STRING },
    projectionType: dynamodb.ProjectionType.KEYS_ONLY,
  });
  Validations.of(table).acknowledge({
    id: "HIPAA.Security-DynamoDBInBackupPlan",
    reason:
      "The plan is in the stack for backups, where this rule does not look. Point-in-time recovery is on as well.",
  });
  return table;
}
