import { Stack, type StackProps } from "aws-cdk-lib";
import type * as kms from "aws-cdk-lib/aws-kms";
import type { Construct } from "constructs";
import { FixedEgress } from "../constructs/platform/fixed-egress.ts";
import { logSettings, removalOf } from "../constructs/platform/kept-data.ts";
import type { FixedEgressSettings, RetentionSettings } from "../settings/platform.ts";

export interface EgressStackProps extends StackProps {
  settings: FixedEgressSettings;
  retention: RetentionSettings;
  key: kms.IKey;
}

/**
 * The VPC of a stage with fixed egress addresses. It is a stack of its own, which stays as it is when the setting is
 * switched off: the stacks that use it leave the VPC first, and then the operator deletes it (docs/runbook.md).
 */
export class EgressStack extends Stack {
  readonly egress: FixedEgress;

  constructor(scope: Construct, id: string, { settings, retention, key, ...props }: EgressStackProps) {
    super(scope, id, props);
    const removalPolicy = removalOf(retention);
    this.egress = new FixedEgress(this, "FixedEgress", { settings, logs: logSettings(retention, key), removalPolicy });
  }
}
