import * as iam from "aws-cdk-lib/aws-iam";
import { eventSource } from "#platform/bus/event-language.ts";
import type { SubscriberSettings } from "../../settings/platform.ts";
import type { SharedResources } from "./shared-resources.ts";
import { viaService } from "./via-service.ts";

type Landing = Pick<SharedResources, "bucket" | "key" | "bus">;

/**
 * Lets accounts, this one or others, read the objects below their prefixes and create rules on the bus for the bridge's events
 * only. Each account's own IAM decides which of its users and roles may do so.
 *
 * A rule hears of every export: EventBridge can limit a rule to sources and types of events, but not to a field such as the
 * export's id (EventBridge, "Using IAM policy conditions"). Events have no PHI, and a prefix limits what an account can read.
 */
export function grantSubscribers(landing: Landing, subscribers: readonly SubscriberSettings[]): void {
  if (subscribers.length === 0) return;
  for (const subscriber of subscribers) grantObjects(landing, subscriber);
  const accounts = [...new Set(subscribers.map(({ accountId }) => accountId))];
  const principals = accounts.map((account) => new iam.AccountPrincipal(account));
  grantDecryption(landing, principals);
  grantRules(landing, principals);
}

function grantObjects({ bucket }: Landing, { name, accountId, prefix }: SubscriberSettings): void {
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
}

function grantDecryption({ bucket, key }: Landing, principals: iam.IPrincipal[]): void {
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: "DecryptForSubscribers",
      principals,
      actions: ["kms:Decrypt"],
      resources: ["*"],
      conditions: viaService(bucket, "s3"),
    }),
  );
}

/**
 * One statement serves all accounts, because the bus's policy may have 10,240 characters only. Its actions are those of AWS's
 * example for rules in another account (EventBridge, "Permissions for event buses").
 */
function grantRules({ bus }: Landing, principals: iam.IPrincipal[]): void {
  const resources = [
    bus.stack.formatArn({ service: "events", resource: "rule", resourceName: `${bus.eventBusName}/*` }),
  ];
  const ownRules = { StringEqualsIfExists: { "events:creatorAccount": "${aws:PrincipalAccount}" } };
  bus.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: "MakeRules",
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
    new iam.PolicyStatement({ sid: "KeepRules", principals, actions: keepRules, resources, conditions: ownRules }),
  );
}

const keepRules = [
  "events:DeleteRule",
  "events:DescribeRule",
  "events:DisableRule",
  "events:EnableRule",
  "events:ListTagsForResource",
  "events:ListTargetsByRule",
  "events:PutTargets",
  "events:RemoveTargets",
  "events:TagResource",
  "events:UntagResource",
];
