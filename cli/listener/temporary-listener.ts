import {
  DeleteRuleCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  ResourceNotFoundException,
} from "@aws-sdk/client-eventbridge";
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import * as z from "zod";
import type { AwsAccess } from "../stage-outputs.ts";
import type { HeardEvent, ListenerPorts } from "./event-listener.ts";

const message = z
  .object({ id: z.string(), time: z.string(), source: z.string(), "detail-type": z.string(), detail: z.unknown() })
  .transform(({ "detail-type": type, ...others }) => ({ type, ...others }));

/** An event with its envelope. */
export interface ReceivedMessage extends HeardEvent {
  /** Of the envelope. An event that is delivered again has the same id. */
  id: string;
  /** When it was sent, in ISO 8601. */
  time: string;
  source: string;
}

/** A listener that receives events with their envelopes. */
export interface MessageListener extends ListenerPorts {
  receive: () => Promise<readonly ReceivedMessage[]>;
}

/** What a temporary listener listens for. */
export interface Listening {
  /** The name of the rule and the queue. */
  name: string;
  busName: string;
  /** The rule's event pattern. */
  pattern: Record<string, unknown>;
  /** The command that makes the rule and the queue, for the rule's description. */
  madeBy: string;
  /** The `source` of the events that the listener itself puts on the bus. */
  ownSource: string;
}

/**
 * A listener for the events that match a pattern.
 * @param signal stops what waits; removals ignore it
 */
export function temporaryListener(
  { name, busName, pattern, madeBy, ownSource }: Listening,
  signal: AbortSignal,
  access: AwsAccess = {},
): MessageListener {
  const bus = new EventBridgeClient(access);
  // The local AWS names its queues by a host that not every machine resolves.
  const sqs = new SQSClient({ ...access, useQueueUrlAsEndpoint: false });
  const rule = { Name: name, EventBusName: busName };
  const stoppable = { abortSignal: signal };
  let QueueUrl: string | undefined;

  const allowRule = async (ruleArn: string | undefined): Promise<string> => {
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }),
      stoppable,
    );
    const queueArn = Attributes?.["QueueArn"];
    if (queueArn === undefined || ruleArn === undefined) throw new Error(`AWS did not say the ARNs of ${name}`);
    const statement = {
      Effect: "Allow",
      Principal: { Service: "events.amazonaws.com" },
      Action: "sqs:SendMessage",
      Resource: queueArn,
      Condition: { ArnEquals: { "aws:SourceArn": ruleArn } },
    };
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }), stoppable);
    return queueArn;
  };

  return {
    name,
    createQueue: async () => {
      // Each message is received once, because it is gone before it could be received again.
      const Attributes = { SqsManagedSseEnabled: "true", MessageRetentionPeriod: "3600", VisibilityTimeout: "3600" };
      ({ QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes })));
    },
    createRule: async () => {
      const Description = `Temporary: made by ${madeBy}, which removes it`;
      const { RuleArn } = await bus.send(
        new PutRuleCommand({ ...rule, Description, EventPattern: JSON.stringify(pattern) }),
      );
      const Arn = await allowRule(RuleArn);
      const { EventBusName, Name: Rule } = rule;
      await bus.send(new PutTargetsCommand({ EventBusName, Rule, Targets: [{ Id: "queue", Arn }] }), stoppable);
    },
    removeRule: async () => {
      try {
        await bus.send(new RemoveTargetsCommand({ EventBusName: busName, Rule: name, Ids: ["queue"] }));
        await bus.send(new DeleteRuleCommand(rule));
      } catch (error) {
        if (!(error instanceof ResourceNotFoundException)) throw error;
      }
    },
    removeQueue: async () => {
      try {
        // If the answer to CreateQueue was lost, the queue may exist all the same.
        QueueUrl ??= (await sqs.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl;
        await sqs.send(new DeleteQueueCommand({ QueueUrl }));
      } catch (error) {
        if (!(error instanceof QueueDoesNotExist)) throw error;
      }
    },
    receive: async () => {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 5 }),
        stoppable,
      );
      return Messages.map(({ Body }) => message.parse(JSON.parse(Body ?? "null")));
    },
    putEvent: async (DetailType, detail) => {
      const entry = { EventBusName: busName, Source: ownSource, DetailType, Detail: JSON.stringify(detail) };
      const answer = await bus.send(new PutEventsCommand({ Entries: [entry] }), stoppable);
      if (answer.FailedEntryCount) throw new Error(`the bus refused the event: ${answer.Entries?.[0]?.ErrorMessage}`);
    },
  };
}
