import * as iam from "aws-cdk-lib/aws-iam";
import { eventSource } from "#platform/bus/event-language.ts";
import type { SubscriberSettings } from "../../settings/platform.ts";
import type { SharedResources } from "./shared-resources.ts";

/**
 * Lets an account, this one or another, read the objects below its prefix and create rules on the bus for the bridge's
 * events only. The account's own IAM decides which of its users and roles may do so.
 */
export function grantSubscriber(
  { bucket, key, bus }: Pick<SharedResources, "bucket" | "key" | "bus">,
  { name, accountId, prefix }: SubscriberSettings,
): void {
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
      // A rule whose pattern names no source would also receive the requests that others put on the bus.
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
