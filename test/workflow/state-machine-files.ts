import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { definitionPlaceholders, stateMachineDefinition } from "#infra/constructs/platform/state-machine-definition.ts";

const folder = join(import.meta.dirname, "..", "..", "state-machines");

/** The wing of a machine, by its file: `bulk-export.asl.json` runs the steps below `functions/bulk-export/`. */
export const wingOf = (file: string): string => file.replace(/\.asl\.json$/, "");

export interface Retrier {
  ErrorEquals: string[];
  IntervalSeconds?: number;
  MaxAttempts?: number;
  BackoffRate?: number;
  MaxDelaySeconds?: number;
  JitterStrategy?: string;
}

export interface Catcher {
  ErrorEquals: string[];
  ResultPath?: string | null;
  Next: string;
}

/** A rule of a Choice. Its comparison is a member with the operator's name (`StringEquals`, `IsPresent`, …). */
export interface ChoiceRule extends Record<string, unknown> {
  Variable: string;
  Next: string;
}

/** The fields of a state that tests read. */
export interface State {
  Type: string;
  QueryLanguage?: string;
  Resource?: string;
  Parameters?: Record<string, unknown>;
  TimeoutSeconds?: number;
  ResultPath?: string | null;
  Result?: unknown;
  Next?: string;
  End?: boolean;
  Default?: string;
  Choices?: ChoiceRule[];
  Retry?: Retrier[];
  Catch?: Catcher[];
  Label?: string;
  MaxConcurrency?: number;
  ItemReader?: { Resource: string; ReaderConfig: { InputType: string }; Parameters: Record<string, string> };
  ItemSelector?: Record<string, string>;
  ItemProcessor?: Level & { ProcessorConfig: { Mode: string; ExecutionType: string } };
  ResultWriter?: unknown;
  ItemBatcher?: unknown;
}

/** States of one level: the machine's own, or those of a Map's children. */
export interface Level {
  StartAt: string;
  States: Record<string, State>;
}

export interface Machine extends Level {
  QueryLanguage: string;
  TimeoutSeconds: number;
}

export const machineFiles: string[] = readdirSync(folder).filter((name) => name.endsWith(".asl.json"));

export const sourceOf = (file: string): string => readFileSync(join(folder, file), "utf8");

export const isNumber = (placeholder: string): boolean => /(Concurrency|Seconds)$/.test(placeholder);

function madeUp(placeholder: string): string {
  if (placeholder === "Partition") return "aws";
  if (!placeholder.endsWith("Arn")) return placeholder.toLowerCase();
  return `arn:aws:lambda:eu-central-1:123456789012:function:${placeholder.slice(0, -3)}`;
}

/** A definition as it is deployed, with made-up values. The ARN of a function ends with its placeholder's name. */
export function rendered(file: string): Machine {
  const placeholders = definitionPlaceholders(file);
  const definition = stateMachineDefinition(file, {
    texts: Object.fromEntries(placeholders.filter((name) => !isNumber(name)).map((name) => [name, madeUp(name)])),
    numbers: Object.fromEntries(placeholders.filter(isNumber).map((name) => [name, 7])),
  });
  return JSON.parse(definition) as Machine;
}

/** The machine itself and the children of its Maps, each with a readable name. */
export function levelsOf(machine: Level, name = "the machine"): [name: string, level: Level][] {
  const children = Object.entries(machine.States).flatMap(([state, { ItemProcessor }]) =>
    ItemProcessor === undefined ? [] : levelsOf(ItemProcessor, `the children of "${state}"`),
  );
  return [[name, machine], ...children];
}

/** Every state of a definition, those of a Map's children too. */
export function statesOf(file: string): [name: string, state: State][] {
  return levelsOf(rendered(file)).flatMap(([, level]) => Object.entries(level.States));
}

export const tasksOf = (file: string): [name: string, state: State][] =>
  statesOf(file).filter(([, state]) => state.Type === "Task");

/** Whether a task calls an AWS service itself, instead of a function. */
const isServiceTask = ({ Resource }: State): boolean => Resource?.startsWith("arn:aws:states:::") === true;

export const serviceTasksOf = (file: string): [name: string, state: State][] =>
  tasksOf(file).filter(([, state]) => isServiceTask(state));

export const functionTasksOf = (file: string): [name: string, state: State][] =>
  tasksOf(file).filter(([, state]) => !isServiceTask(state));

/** The states that may follow a state. */
export function followers({ Next, Default, Choices = [], Catch = [] }: State): string[] {
  return [Next, Default, ...Choices.map((rule) => rule.Next), ...Catch.map((catcher) => catcher.Next)].filter(
    (name) => name !== undefined,
  );
}
