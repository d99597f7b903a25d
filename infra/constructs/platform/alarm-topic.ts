import { Stack } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import type * as kms from "aws-cdk-lib/aws-kms";
import * as sns from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type { Construct } from "constructs";
import type { AlarmSettings } from "../../settings/platform.ts";

export interface AlarmTopicProps {
  settings: AlarmSettings;
  key: kms.IKey;
}

/** The topic that all alarms notify: the user's own, if the settings name one, or a new one that mails to `email`. */
export function alarmTopic(scope: Construct, { settings, key }: AlarmTopicProps): sns.ITopic {
  if (settings.topicArn !== undefined) return sns.Topic.fromTopicArn(scope, "Topic", settings.topicArn);
  const topic = new sns.Topic(scope, "Topic", { masterKey: key, enforceSSL: true });
  // enforceSSL gives the topic a policy, and a topic with a policy admits only the principals that the policy names.
  topic.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: "AlarmsOfThisAccount",
      principals: [new iam.ServicePrincipal("cloudwatch.amazonaws.com")],
      actions: ["sns:Publish"],
      resources: [topic.topicArn],
      conditions: { StringEquals: { "aws:SourceAccount": Stack.of(scope).account } },
    }),
  );
  if (settings.email !== undefined) topic.addSubscription(new EmailSubscription(settings.email));
  return topic;
}
