import * as iam from "aws-cdk-lib/aws-iam";
import type * as sfn from "aws-cdk-lib/aws-stepfunctions";
import { type LedgerKey, ledgerKeys } from "#functions/wings.ts";
import { listIndex, openIndex } from "#platform/ledger/ledger-keys.ts";
import type { LambdaFunction } from "./lambda-function.ts";
import type { SharedResources } from "./shared-resources.ts";

export type ItemAction = "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem";

/** Lets a function do these actions with these kinds of ledger items only, and use the key that encrypts them. */
export function grantLedger(
  { ledger, key }: Pick<SharedResources, "ledger" | "key">,
  lambda: LambdaFunction,
  access: Partial<Record<LedgerKey, ItemAction[]>>,
): void {
  lambda.setEnvironment({ LEDGER_TABLE: ledger.tableName });
  for (const [kind, actions] of Object.entries(access)) {
    lambda.allowIf(
      itemsOf(kind as LedgerKey),
      actions.map((action) => `dynamodb:${action}`),
      [ledger.tableArn],
    );
  }
  lambda.allow(["kms:Decrypt"], [key.keyArn]);
}

/**
 * Lets a function query the index of open items, which holds nothing but keys. AWS documents `dynamodb:LeadingKeys` for a table's
 * partition key and not for an index's, so the permission is limited to the index instead of its partition.
 */
export function grantOpenItems({ ledger, key }: Pick<SharedResources, "ledger" | "key">, lambda: LambdaFunction): void {
  lambda.allow(["dynamodb:Query"], [`${ledger.tableArn}/index/${openIndex}`]);
  lambda.allow(["kms:Decrypt"], [key.keyArn]);
}

/** Lets a function query the index of lists, which holds nothing but keys. It may read the items only as `grantLedger` allows. */
export function grantLists({ ledger, key }: Pick<SharedResources, "ledger" | "key">, lambda: LambdaFunction): void {
  lambda.allow(["dynamodb:Query"], [`${ledger.tableArn}/index/${listIndex}`]);
  lambda.allow(["kms:Decrypt"], [key.keyArn]);
}

/** Lets a state machine delete leases, and use the key that encrypts them: a machine releases its leases itself. */
export function grantReleaseLease(
  { ledger, key }: Pick<SharedResources, "ledger" | "key">,
  stateMachine: sfn.StateMachine,
): void {
  const allow = (statement: iam.PolicyStatementProps) =>
    stateMachine.addToRolePolicy(new iam.PolicyStatement(statement));
  allow({ actions: ["dynamodb:DeleteItem"], resources: [ledger.tableArn], conditions: itemsOf("lease") });
  allow({ actions: ["kms:Decrypt"], resources: [key.keyArn] });
}

/** The condition of a policy that admits one kind of ledger items. */
const itemsOf = (kind: LedgerKey) => ({
  "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [`${ledgerKeys[kind]}*`] },
  // A request without leading keys, such as a scan, would satisfy the condition above.
  Null: { "dynamodb:LeadingKeys": "false" },
});
