import { describe, expect, test } from "vitest";
import * as z from "zod";
import { isField } from "./fields.ts";
import { machineStates } from "./machine-states.ts";
import { machineFiles, sourceOf } from "./state-machine-files.ts";

/** `files`: the files of one item, `mostFilesOfItem` at most. */
const boundedLists = new Set(["request.types", "files"]);

test("the table has the state of every machine", () => {
  expect(Object.keys(machineStates)).toEqual(machineFiles);
});

describe.each(Object.entries(machineStates))("%s", (file, state) => {
  test.each(Object.entries(state))(
    "%s has no list that grows with the work, because state is limited to 256 KiB",
    (_, schema) => {
      const lists = listsIn(z.toJSONSchema(schema, { unrepresentable: "any" }));
      expect(lists.filter((path) => !boundedLists.has(path))).toEqual([]);
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

function listsIn(schema: unknown, path: string[] = []): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  if ("type" in schema && schema.type === "array") return [path.join(".")];
  const { properties = {}, anyOf = [] } = schema as { properties?: Record<string, unknown>; anyOf?: unknown[] };
  return [
    ...Object.entries(properties).flatMap(([name, field]) => listsIn(field, [...path, name])),
    ...anyOf.flatMap((option) => listsIn(option, path)),
  ];
}
