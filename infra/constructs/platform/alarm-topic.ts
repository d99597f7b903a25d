import { Stack } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import type * as kms from "aws-cdk-lib/aws-kms";
import * as sns from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { Construct } from "constructs";
import type { AlarmSettings } from "../../settings/platform.ts";

export interface AlarmTopicProps {
  settings: AlarmSettings;
  key: kms.IKey;
  stage: string;
}

/** The topic that all alarms notify: the user's own, if the settings name one, or a new one that mails to `email`. */
export class AlarmTopic extends Construct {
  /**
   * The topic's ARN as text, made from its name. A stack that uses it imports nothing, so the setting `alarms.topicArn` can
   * be added and removed after the first deployment.
   */
  readonly arn: string;

  constructor(scope: Construct, id: string, { settings, key, stage }: AlarmTopicProps) {
    super(scope, id);
    const topicName = `integra-bridge-${stage}-alarms`;
    this.arn = settings.topicArn ?? Stack.of(this).formatArn({ service: "sns", resource: topicName });
    if (settings.topicArn !== undefined) return;
    const topic = new sns.Topic(this, "Topic", { topicName, masterKey: key, enforceSSL: true });
    // enforceSSL gives the topic a policy, and a topic with a policy admits only the principals that the policy names.
    topic.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: "AlarmsOfThisAccount",
        principals: [new iam.ServicePrincipal("cloudwatch.amazonaws.com")],
        actions: ["sns:Publish"],
        resources: [topic.topicArn],
        conditions: { StringEquals: { "aws:SourceAccount": Stack.of(this).account } },
      }),
    );
    if (settings.email !== undefined) topic.addSubscription(new EmailSubscription(settings.email));
  }
}
