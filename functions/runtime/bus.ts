import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import * as z from "zod";
import { type EventBus, eventBus } from "#announcements/event-bus.ts";
import { environment } from "./environment.ts";

const busVariables = z.object({ EVENT_BUS: z.string().min(1) });

/** The bus that the function's environment names. */
export function busFromEnvironment(): EventBus {
  return eventBus(new EventBridgeClient(), environment(busVariables).EVENT_BUS);
}
