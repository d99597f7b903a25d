import * as z from "zod";
import { stepHandlers } from "#platform/lambda/step.ts";

const eventOfRequest = z.object({ request: z.object({ requestId: z.string() }).partial() });

/** Makes a step of CCD retrieval a Lambda handler. Each of its log lines carries the id of the CCD request. */
export const ccdStep = stepHandlers((event) => {
  const { requestId } = eventOfRequest.safeParse(event).data?.request ?? {};
  return requestId === undefined ? {} : { requestId };
});
