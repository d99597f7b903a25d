import { Validations } from "aws-cdk-lib";
import * as sns from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type { Construct } from "constructs";
import type { AlarmSettings } from "../../settings/platform.ts";

/**
 * The topic of what EventBridge reports, beside the alarms of CloudWatch. Its recipients are those of the alarms. The alarms' own
 * topic cannot say that the stage's key is disabled: this key encrypts it, and SNS refuses to publish to a topic whose key is
 * disabled. So this one is not encrypted.
 */
export function noticeTopic(scope: Construct, { topicArn, email }: AlarmSettings): sns.ITopic {
  if (topicArn !== undefined) return sns.Topic.fromTopicArn(scope, "NoticeTopic", topicArn);
  const topic = new sns.Topic(scope, "NoticeTopic", { enforceSSL: true });
  if (email !== undefined) topic.addSubscription(new EmailSubscription(email));
  for (const id of ["AwsSolutions-SNS2", "HIPAA.Security-SNSEncryptedKMS"]) {
    Validations.of(topic).acknowledge({
      id,
      reason: "The topic says that the stage's key is disabled, so that key must not encrypt it. Messages hold no PHI.",
    });
  }
  return topic;
}
