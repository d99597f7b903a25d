import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetExecutionHistoryCommand, SFNClient } from "@aws-sdk/client-sfn";
import { DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import * as z from "zod";
import { exportCancelRequested, exportRequested, exportResumeRequested } from "#bulk-export/language/export-events.ts";
import { exportKeys } from "#bulk-export/language/export-keys.ts";
import { type ExportSummary, exportSummary } from "#bulk-export/language/export-summary.ts";
import { eventDetails } from "#functions/wings.ts";
import { objectKey } from "#platform/bucket/object-keys.ts";
import { clientSettings, type LocalBridge } from "./local-bridge.ts";

const receivedEvent = z.discriminatedUnion("detail-type", [
  z.object({ "detail-type": z.literal("Export Started"), detail: eventDetails["Export Started"] }),
  z.object({ "detail-type": z.literal("Export File Landed"), detail: eventDetails["Export File Landed"] }),
  z.object({ "detail-type": z.literal("Export Completed"), detail: eventDetails["Export Completed"] }),
  z.object({ "detail-type": z.literal("Export Failed"), detail: eventDetails["Export Failed"] }),
  z.object({ "detail-type": z.literal("Export Cancelled"), detail: eventDetails["Export Cancelled"] }),
  z.object({ "detail-type": z.literal("Ccd Ready"), detail: eventDetails["Ccd Ready"] }),
  z.object({ "detail-type": z.literal("Ccd Failed"), detail: eventDetails["Ccd Failed"] }),
  z.object({ "detail-type": z.literal("User Session Ended"), detail: eventDetails["User Session Ended"] }),
  z.object({ "detail-type": z.literal("User Linked"), detail: eventDetails["User Linked"] }),
  z.object({ "detail-type": z.literal("User Link Failed"), detail: eventDetails["User Link Failed"] }),
  z.object({ "detail-type": z.literal("User Link Revoked"), detail: eventDetails["User Link Revoked"] }),
]);

/** An event as the example subscriber's queue received it. */
export type ReceivedEvent = z.infer<typeof receivedEvent>;
export type ReceivedCcdEvent = Extract<ReceivedEvent, { "detail-type": "Ccd Ready" | "Ccd Failed" }>;
export type ReceivedExportEvent = Extract<ReceivedEvent, { detail: { exportId: string } }>;

/** Whether an event is about an export. */
export function isAboutExport(event: ReceivedEvent): event is ReceivedExportEvent {
  return "exportId" in event.detail;
}

/** What a user of the bridge does with nothing but the AWS SDK: request exports, receive events, read landed files. */
export interface BridgeCaller {
  /** Puts an `Export Requested` event on the bus, as any application would. */
  requestExport(detail: unknown): Promise<void>;
  requestResumption(exportId: string): Promise<void>;
  requestCancellation(exportId: string): Promise<void>;
  /** Receives up to ten events and waits at most `waitSeconds` for the first. Each event is received once. */
  receiveEvents(waitSeconds: number): Promise<ReceivedEvent[]>;
  /** Reads the name of the state that the export is in. */
  currentState(exportId: string): Promise<string | undefined>;
  readSummary(exportId: string): Promise<ExportSummary>;
  readObject(key: string): Promise<Buffer>;
}

export function bridgeCaller({ aws, outputs }: LocalBridge): BridgeCaller {
  const settings = clientSettings(aws);
  const bus = new EventBridgeClient(settings);
  const sqs = new SQSClient({ ...settings, useQueueUrlAsEndpoint: false });
  const stepFunctions = new SFNClient(settings);
  const s3 = new S3Client({ ...settings, forcePathStyle: true });

  const readObject = async (key: string): Promise<Buffer> => {
    const object = await s3.send(new GetObjectCommand({ Bucket: outputs.bucketName, Key: key }));
    return Buffer.from((await object.Body?.transformToByteArray()) ?? []);
  };
  const put = async (DetailType: string, detail: unknown): Promise<void> => {
    const entry = { EventBusName: outputs.busName, Source: "example.requester", DetailType };
    const answer = await bus.send(new PutEventsCommand({ Entries: [{ ...entry, Detail: JSON.stringify(detail) }] }));
    if (answer.FailedEntryCount) throw new Error(`the bus refused the event: ${answer.Entries?.[0]?.ErrorMessage}`);
  };
  return {
    requestExport: (detail) => put(exportRequested, detail),
    requestResumption: (exportId) => put(exportResumeRequested, { exportId }),
    requestCancellation: (exportId) => put(exportCancelRequested, { exportId }),
    receiveEvents: (waitSeconds) => receiveEvents(sqs, outputs.subscriberQueueUrl, waitSeconds),
    currentState: async (exportId) => {
      const executionArn = `${outputs.exportStateMachineArn.replace(":stateMachine:", ":execution:")}:${exportId}`;
      const { events } = await stepFunctions.send(
        new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 25 }),
      );
      return events?.find((event) => event.stateEnteredEventDetails)?.stateEnteredEventDetails?.name;
    },
    readSummary: async (exportId) =>
      exportSummary.parse(JSON.parse((await readObject(objectKey(exportKeys.summary, { exportId }))).toString("utf8"))),
    readObject,
  };
}

async function receiveEvents(sqs: SQSClient, QueueUrl: string, waitSeconds: number): Promise<ReceivedEvent[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: waitSeconds }),
  );
  if (Messages.length === 0) return [];
  const events = Messages.map(({ Body }) => receivedEvent.parse(JSON.parse(Body ?? "null")));
  const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
  await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  return events;
}
