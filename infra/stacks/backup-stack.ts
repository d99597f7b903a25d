import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { backupVaultName } from "../constructs/platform/kept-data-names.ts";
import { LedgerBackup } from "../constructs/platform/ledger-backup.ts";
import type { StageSettings } from "../settings.ts";
import type { LandingStack } from "./landing-stack.ts";

export interface BackupStackProps extends StackProps {
  stage: string;
  settings: StageSettings;
  landing: LandingStack;
}

/**
 * The backups of the ledger. It is a stack of its own, because the ledger must be the last resource of its stack: a plan that
 * failed beside it could not be rolled back.
 */
export class BackupStack extends Stack {
  constructor(scope: Construct, id: string, { stage, settings, landing, ...props }: BackupStackProps) {
    super(scope, id, props);
    const { backup, retention } = settings;
    const { key, ledger } = landing;
    new LedgerBackup(this, "LedgerBackup", { stage, settings: backup, retention, key, ledger });
    new CfnOutput(this, "VaultName", { value: backupVaultName(stage) });
  }
}
