import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { machineStates } from "#test/workflow/machine-states.ts";

const releases = join(import.meta.dirname, "releases");

/** Where what a version leaves behind is kept. */
export const releaseFolder = (version: string): string => join(releases, version);

/** The versions whose executions may still run, and whose records may still be read. */
export function recordedReleases(): string[] {
  mkdirSync(releases, { recursive: true });
  return readdirSync(releases).toSorted();
}

/** The outcomes that the steps of a machine can answer, by the name in its state: `poll` → `in-progress`, `ready`. */
export function outcomesOf(file: string): Record<string, string[]> {
  const outcomes = Object.entries(machineStates[file] ?? {}).flatMap(([name, { shape }]) => {
    const { outcome } = shape;
    return outcome instanceof z.ZodEnum ? [[name, outcome.options.map(String)] as const] : [];
  });
  return Object.fromEntries(outcomes);
}
