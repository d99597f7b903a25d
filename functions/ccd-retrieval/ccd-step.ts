import * as z from "zod";
import { stepHandlers } from "#platform/lambda/step.ts";

const aboutRequest = z.object({ request: z.object({ requestId: z.string() }).partial() });

/** Makes a step of a request for CCDs a Lambda handler. Each log line carries the request's id. */
export const ccdStep = stepHandlers((event) => {
  const { requestId } = aboutRequest.safeParse(event).data?.request ?? {};
  return requestId === undefined ? {} : { requestId };
});
