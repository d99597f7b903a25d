import type { Context } from "aws-lambda";
import type * as z from "zod";
import { describeError } from "../faults/describe-error.ts";
import { logger, logOf } from "./log.ts";
import { platformLogCodes } from "./log-codes.ts";

/** What a step gets in addition to its input. */
export interface StepContext {
  /** Aborts shortly before Lambda would kill the function, so that the step can clean up. */
  signal: AbortSignal;
  /** Milliseconds until `signal` aborts. */
  remainingMs: () => number;
}

export type Step<Input, Output> = (input: Input, context: StepContext) => Promise<Output>;

const log = logOf(platformLogCodes);

/** The time that a step has to clean up, for example to abort an upload, after its signal has aborted. */
const graceMs = 10_000;

/** Says what a call is about, as fields for each of its log lines. It gets the event before it is checked, so that a wrong one is logged as well. */
type DescribeCall = (event: unknown) => Record<string, string>;

/** Turns a step into a Lambda handler, see `stepHandlers`. */
type StepHandler = <Input, Output>(
  input: z.ZodType<Input>,
  output: z.ZodType<Output>,
  build: () => Step<Input, Output>,
) => (event: unknown, context: Context) => Promise<Output>;

/**
 * Turns the steps of a wing into Lambda handlers. A step is built once per container. Input and output are checked against
 * their schemas. Faults pass through under their literal names, by which the state machine routes.
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
        const remainingMs = (): number => context.getRemainingTimeInMillis() - graceMs;
        const signal = AbortSignal.timeout(Math.max(remainingMs(), 1_000));
        return output.parse(await run(input.parse(event), { signal, remainingMs }));
      } catch (error) {
        log.error("STEP_FAILED", { error: describeError(error) });
        throw error;
      } finally {
        logger.resetKeys();
      }
    };
  };
}
