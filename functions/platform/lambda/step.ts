import type { Context } from "aws-lambda";
import type * as z from "zod";
import { logger } from "./log.ts";

/** What a step gets besides its input. */
export interface StepContext {
  /** Aborts shortly before Lambda would kill the function, so that a step can end in good order. */
  signal: AbortSignal;
}

export type Step<Input, Output> = (input: Input, context: StepContext) => Promise<Output>;

/** Time that a step has to clean up (abort an upload) once its signal has fired. */
const graceMs = 10_000;

/** What a call is about, as fields for each of its log lines. It sees the event before it is checked: a faulty one is logged as well. */
type DescribeCall = (event: unknown) => Record<string, string>;

/** Makes a step a Lambda handler: see `stepHandlers`. */
type StepHandler = <Input, Output>(
  input: z.ZodType<Input>,
  output: z.ZodType<Output>,
  build: () => Step<Input, Output>,
) => (event: unknown, context: Context) => Promise<Output>;

/**
 * How the steps of a wing become Lambda handlers: a step is built once per container, what goes in and out is checked against
 * the contracts, and its faults pass through under their literal names, by which the state machine routes.
 */
export function stepHandlers(describeCall: DescribeCall): StepHandler {
  return <Input, Output>(
    input: z.ZodType<Input>,
    output: z.ZodType<Output>,
    build: () => Step<Input, Output>,
  ): ((event: unknown, context: Context) => Promise<Output>) => {
    let run: Step<Input, Output> | undefined;
    return async (event, context) => {
      logger.addContext(context);
      logger.appendKeys(describeCall(event));
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
  };
}

/** An error and its causes as plain data; stacks stay, they hold no data of ours. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  return { name, message, stack, ...(cause === undefined ? {} : { cause: describeError(cause) }) };
}
