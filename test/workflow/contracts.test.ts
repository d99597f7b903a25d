import { describe, expect, test } from "vitest";
import * as z from "zod";
import * as exports from "#bulk-export/language/export-state.ts";
import * as ccds from "#ccd-retrieval/language/ccd-state.ts";
import { caughtFailure, explanation } from "#platform/executions/explained-failure.ts";
import { machineFiles, sourceOf } from "./state-machine-files.ts";

/** The schemas of a machine's state by name: the results of its steps, and what Amazon States Language adds. */
const states: Record<string, Record<string, z.ZodObject>> = {
  "bulk-export.asl.json": {
    export: exports.exportContext,
    lease: exports.leaseResult,
    kickOff: exports.kickOffResult,
    poll: exports.pollResult,
    plan: exports.planResult,
    item: exports.workItem,
    download: exports.downloadResult,
    completion: exports.completion,
    deletion: exports.deletion,
    // Catch writes it if the lease could not be released.
    release: caughtFailure,
    fresh: exports.freshExport,
    failure: caughtFailure,
    failed: explanation,
    // Catch writes it if the failure could not be published.
    untold: caughtFailure,
  },
  "ccd-retrieval.asl.json": {
    request: ccds.ccdContext,
    lease: ccds.sessionLease,
    order: ccds.serverRequestResult,
    fetch: ccds.fetchResult,
    release: caughtFailure,
    failure: caughtFailure,
    failed: explanation,
    untold: caughtFailure,
  },
};

test("the table has the state of every machine", () => {
  expect(Object.keys(states)).toEqual(machineFiles);
});

describe.each(Object.entries(states))("%s", (file, state) => {
  test.each(Object.entries(state))(
    "%s has no list that grows with the work, because state is limited to 256 KiB",
    (_, schema) => {
      const lists = listsIn(z.toJSONSchema(schema, { unrepresentable: "any" }));
      expect(lists.filter((path) => path !== "request.types")).toEqual([]);
    },
  );

  test("each path within an intrinsic function names a field of the contracts", () => {
    const calls = [...sourceOf(file).matchAll(/"States\.\w+\((.*)\)"/g)].map(([, values]) => values as string);
    const paths = calls.flatMap((values) => [...values.matchAll(/\$\.([\w.]+)/g)].map(([, path]) => path as string));
    expect(paths.length).toBeGreaterThan(0);
    expect(paths.filter((path) => !isField(z.object(state), path.split(".")))).toEqual([]);
  });

  test("each path in the definition names a field of the contracts", () => {
    const paths = [...sourceOf(file).matchAll(/"\$\.([\w.]+)"/g)].map(([, path]) => path as string);
    const unknown = new Set(
      paths.filter((path) => {
        const [name = "", ...fields] = path.split(".");
        const shape = state[name]?.shape;
        return shape === undefined || fields.length > 1 || fields.some((field) => !(field in shape));
      }),
    );
    expect([...unknown]).toEqual([]);
  });
});

test("the test finds a list inside of a schema", () => {
  expect(listsIn(z.toJSONSchema(z.object({ a: z.object({ files: z.array(z.string()) }) })))).toEqual(["a.files"]);
});

/** Whether each value of a schema has a field at a path. A missing one fails the execution, and no Catch helps. */
function isField(schema: z.ZodType | undefined, [name, ...fields]: string[]): boolean {
  if (name === undefined) return schema !== undefined && !schema.isOptional();
  return schema instanceof z.ZodObject && isField(schema.shape[name] as z.ZodType | undefined, fields);
}

function listsIn(schema: unknown, path: string[] = []): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  if ("type" in schema && schema.type === "array") return [path.join(".")];
  const { properties = {}, anyOf = [] } = schema as { properties?: Record<string, unknown>; anyOf?: unknown[] };
  return [
    ...Object.entries(properties).flatMap(([name, field]) => listsIn(field, [...path, name])),
    ...anyOf.flatMap((option) => listsIn(option, path)),
  ];
}
