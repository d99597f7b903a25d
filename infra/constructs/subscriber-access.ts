import * as iam from "aws-cdk-lib/aws-iam";
import { eventSource } from "#platform/bus/event-language.ts";
import type { StageSettings } from "../settings.ts";
import type { LandingStack } from "../stacks/landing-stack.ts";

/**
 * Lets an account (this one or another) read what landed below its prefix and make rules of its own on the bus, for the
 * bridge's events only. Whom the account lets in is its own IAM's matter.
 */
export function grantSubscriber(
  { bucket, key, bus }: LandingStack,
  subscriber: StageSettings["subscribers"][number],
): void {
  const { name, accountId, prefix } = subscriber;
  const principals = [new iam.AccountPrincipal(accountId)];
  bucket.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: `Read${name}`,
      principals,
      actions: ["s3:GetObject"],
      resources: [bucket.arnForObjects(`${prefix}*`)],
    }),
  );
  bucket.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: `List${name}`,
      principals,
      actions: ["s3:ListBucket"],
      resources: [bucket.bucketArn],
      conditions: { StringLike: { "s3:prefix": `${prefix}*` } },
    }),
  );
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: `Decrypt${name}`,
      principals,
      actions: ["kms:Decrypt"],
      resources: ["*"],
      conditions: { StringEquals: { "kms:ViaService": `s3.${bucket.stack.region}.amazonaws.com` } },
    }),
  );
  const resources = [
    bus.stack.formatArn({ service: "events", resource: "rule", resourceName: `${bus.eventBusName}/*` }),
  ];
  const ownRules = { StringEqualsIfExists: { "events:creatorAccount": "${aws:PrincipalAccount}" } };
  bus.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: `MakeRules${name}`,
      principals,
      actions: ["events:PutRule"],
      resources,
      // A rule whose pattern names no source would see the requests of others as well.
      conditions: {
        ...ownRules,
        Null: { "events:source": "false" },
        "ForAllValues:StringEquals": { "events:source": eventSource },
      },
    }),
  );
  bus.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: `KeepRules${name}`,
      principals,
      actions: ["events:PutTargets", "events:DeleteRule", "events:RemoveTargets", "events:DescribeRule"],
      resources,
      conditions: ownRules,
    }),
  );
}
