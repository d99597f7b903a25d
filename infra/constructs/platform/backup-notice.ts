import * as events from "aws-cdk-lib/aws-events";
import * as targets from "aws-cdk-lib/aws-events-targets";
import type * as sns from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";

/**
 * Notifies when a backup of the ledger fails, is stopped, or does not begin in time. AWS Backup sends these events as best effort
 * (AWS Backup, "Monitoring AWS Backup events using Amazon EventBridge"). The smoke test looks at the age of the newest backup.
 * @param vault the name of the backup vault
 */
export function addBackupNotice(scope: Construct, topic: sns.ITopic, vault: string): void {
  new events.Rule(scope, "BackupFailed", {
    description: "A backup of the ledger did not end well",
    eventPattern: {
      source: ["aws.backup"],
      detailType: ["Backup Job State Change"],
      detail: { backupVaultName: [vault], state: ["ABORTED", "EXPIRED", "FAILED"] },
    },
    targets: [
      new targets.SnsTopic(topic, {
        message: events.RuleTargetInput.fromText(
          `The backup job ${detail("backupJobId")} of the vault ${vault} is ${detail("state")}. ` +
            "See docs/runbook.md#a-backup-failed.",
        ),
      }),
    ],
  });
}

/** A field of the event's detail. */
const detail = (field: string): string => events.EventField.fromPath(`$.detail.${field}`);
