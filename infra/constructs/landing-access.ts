import { type LedgerKey, ledgerKeys } from "#functions/wings.ts";
import type { LandingStack } from "../stacks/landing-stack.ts";
import type { StepFunctionLambda } from "./step-function-lambda.ts";

/** Objects of the landing bucket, as key patterns. */
export interface LandingAccess {
  read?: string[];
  write?: string[];
  /**
   * Whether the function asks for objects that may not be there, or lists: without the right to list, S3 answers 403
   * for a missing object instead of 404.
   */
  lookUp?: boolean;
}

/** A fact of the audit trail, of any export and run; some have an id or a word added. */
export const auditOf = (fact: string): string => `audit/*/${fact}*.json`;

/** A fact of the audit trail of any request for CCDs. */
export const ccdAuditOf = (fact: string): string => `audit/ccds/*/${fact}.json`;

export const anyExport = "The wildcard stands for the id of an export or a request, and for its files.";

/** Lets a function read and write just those objects, and use the key that encrypts them. */
export function grantLanding(landing: LandingStack, step: StepFunctionLambda, access: LandingAccess): void {
  const { read = [], write = [], lookUp = false } = access;
  const objects = (keys: string[]) => keys.map((pattern) => landing.objectsArn(pattern));
  step.setEnvironment({ LANDING_BUCKET: landing.bucketName });
  if (read.length > 0) step.allow(["s3:GetObject"], objects(read), anyExport);
  if (write.length > 0) step.allow(["s3:PutObject"], objects(write), anyExport);
  if (lookUp) step.allow(["s3:ListBucket"], [landing.bucket.bucketArn]);
  step.allow(write.length > 0 ? ["kms:Decrypt", "kms:GenerateDataKey"] : ["kms:Decrypt"], [landing.key.keyArn]);
}

/** Lets a function publish on the bridge's bus. */
export function grantBus({ bus }: LandingStack, step: StepFunctionLambda): void {
  step.setEnvironment({ EVENT_BUS: bus.eventBusName });
  step.allow(["events:PutEvents"], [bus.eventBusArn]);
}

type ItemAction = "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem";

/** Lets a function do this with these kinds of the ledger's items only, and use the key that encrypts them. */
export function grantLedger(
  { ledger, key }: LandingStack,
  step: StepFunctionLambda,
  access: Partial<Record<LedgerKey, ItemAction[]>>,
): void {
  step.setEnvironment({ LEDGER_TABLE: ledger.tableName });
  for (const [kind, actions] of Object.entries(access)) {
    step.allowIf(
      {
        "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [`${ledgerKeys[kind as LedgerKey]}*`] },
        // A request without leading keys (a scan) would satisfy the condition above.
        Null: { "dynamodb:LeadingKeys": "false" },
      },
      actions.map((action) => `dynamodb:${action}`),
      [ledger.tableArn],
    );
  }
  step.allow(["kms:Decrypt"], [key.keyArn]);
}
