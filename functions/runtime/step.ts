import type { Context } from "aws-lambda";
import * as z from "zod";
import { logger } from "./log.ts";
import { reportExportAge } from "./metrics.ts";

/** What a step gets besides its input. */
export interface StepContext {
  /** Aborts shortly before Lambda would kill the function, so that a step can end in good order. */
  signal: AbortSignal;
}

export type Step<Input, Output> = (input: Input, context: StepContext) => Promise<Output>;

/** Time that a step has to clean up (abort an upload) once its signal has fired. */
const graceMs = 10_000;

/**
 * Makes a step a Lambda handler: builds it once per container, checks what goes in and out against the contracts, and
 * lets its faults through under their literal names, by which the state machine routes.
 */
export function step<Input, Output>(
  input: z.ZodType<Input>,
  output: z.ZodType<Output>,
  build: () => Step<Input, Output>,
): (event: unknown, context: Context) => Promise<Output> {
  let run: Step<Input, Output> | undefined;
  return async (event, context) => {
    logger.addContext(context);
    const { export: about, request } = subjectOf(event);
    if (about?.exportId !== undefined) logger.appendKeys({ exportId: about.exportId });
    if (request?.requestId !== undefined) logger.appendKeys({ requestId: request.requestId });
    if (about?.startedAt !== undefined) reportExportAge(about.startedAt);
    try {
      run ??= build();
      const signal = AbortSignal.timeout(Math.max(context.getRemainingTimeInMillis() - graceMs, 1_000));
      return output.parse(await run(input.parse(event), { signal }));
    } catch (error) {
      logger.error("the step failed", { error: describeError(error) });
      throw error;
    } finally {
      logger.resetKeys();
    }
  };
}

/**
 * Which export or request for CCDs a call belongs to, and since when an export runs, before the input is checked: a faulty
 * one is logged as well.
 */
function subjectOf(event: unknown): Partial<z.infer<typeof subjectOfCall>> {
  return subjectOfCall.safeParse(event).data ?? {};
}

const subjectOfCall = z
  .object({
    export: z.object({ exportId: z.string(), startedAt: z.iso.datetime({ offset: true }) }).partial(),
    request: z.object({ requestId: z.string() }).partial(),
  })
  .partial();

/** An error and its causes as plain data; stacks stay, they hold no data of ours. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  return { name, message, stack, ...(cause === undefined ? {} : { cause: describeError(cause) }) };
}
