import { expect, test } from "vitest";
import * as z from "zod";
import * as contracts from "#contracts/export-state.ts";
import { sourceOf } from "./state-machine-files.ts";

/** What stands under each name of the bulk export's state: what the steps answer, and what the language adds. */
const state: Record<string, z.ZodObject> = {
  export: contracts.exportContext,
  lease: contracts.leaseResult,
  kickOff: contracts.kickOffResult,
  poll: contracts.pollResult,
  plan: contracts.downloadPlan,
  item: contracts.workItem,
  download: contracts.downloadResult,
  completion: contracts.completion,
  deletion: contracts.deletion,
  release: contracts.releaseResult,
  fresh: contracts.freshExport,
  failure: contracts.failure,
  failed: contracts.failed,
  // What Catch leaves when not even the failure could be told.
  untold: contracts.failure,
};

test.each(Object.entries(state))(
  "%s holds no list that grows with the export: state is limited to 256 KiB",
  (_, schema) => {
    const lists = listsIn(z.toJSONSchema(schema, { unrepresentable: "any" }));
    expect(lists.filter((path) => path !== "request.types")).toEqual([]);
  },
);

test("a list would be noticed", () => {
  expect(listsIn(z.toJSONSchema(z.object({ a: z.object({ files: z.array(z.string()) }) })))).toEqual(["a.files"]);
});

test("each path in the definition names a field of the contracts", () => {
  const paths = [...sourceOf("bulk-export.asl.json").matchAll(/"\$\.([\w.]+)"/g)].map(([, path]) => path as string);
  const unknown = new Set(
    paths.filter((path) => {
      const [name = "", ...fields] = path.split(".");
      const shape = state[name]?.shape;
      return shape === undefined || fields.length > 1 || fields.some((field) => !(field in shape));
    }),
  );
  expect([...unknown]).toEqual([]);
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
