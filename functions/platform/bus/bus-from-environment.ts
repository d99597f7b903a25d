import { setTimeout as sleep } from "node:timers/promises";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import * as z from "zod";
import { smallRequests } from "#platform/lambda/aws-client-settings.ts";
import { environment } from "#platform/lambda/environment.ts";
import { type BatchEventBus, eventBus } from "./event-bus.ts";
import type { EventOf, EventSchemas } from "./event-language.ts";

const busVariables = z.object({ EVENT_BUS: z.string().min(1) });

/** The event bus that the function's environment names, for the events of one wing. */
export function busFromEnvironment<Schemas extends EventSchemas>(schemas: Schemas): BatchEventBus<EventOf<Schemas>> {
  return eventBus(new EventBridgeClient(smallRequests), environment(busVariables).EVENT_BUS, schemas, sleep);
}
