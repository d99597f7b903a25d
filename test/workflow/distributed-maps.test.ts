import { describe, expect, test } from "vitest";
import { machineFiles, rendered, type State, statesOf } from "./state-machine-files.ts";

const maps = machineFiles.flatMap((file) =>
  statesOf(file)
    .filter(([, state]) => state.Type === "Map")
    .map(([name, state]) => ({ file, name, state })),
);

test("the bulk export downloads its files in a Map", () => {
  expect(maps).toContainEqual(expect.objectContaining({ file: "bulk-export.asl.json", name: "Download files" }));
});

// asl-validator and cfn-lint accept any value in most of these fields.
describe.each(maps)("$name of $file", ({ file, state }) => {
  const { ItemProcessor, ItemReader, ItemSelector } = state;

  test("the Map is distributed, has Standard children, and has a label for its ARN", () => {
    expect(ItemProcessor?.ProcessorConfig).toEqual({ Mode: "DISTRIBUTED", ExecutionType: "STANDARD" });
    expect(state.Label).toMatch(/^[A-Za-z0-9_-]{1,40}$/);
  });

  test("the Map reads its items from a JSON file in S3", () => {
    expect(ItemReader?.Resource).toBe("arn:aws:states:::s3:getObject");
    expect(ItemReader?.ReaderConfig).toEqual({ InputType: "JSON" });
    expect(Object.keys(ItemReader?.Parameters ?? {}).toSorted()).toEqual(["Bucket", "Key.$"]);
  });

  test("the Map's concurrency is a number above zero, because zero means no limit", () => {
    expect(state.MaxConcurrency).toSatisfy((value: unknown) => Number.isInteger(value) && Number(value) > 0);
  });

  test("the ItemSelector passes what children need, because the context object within a child is the child's own", () => {
    expect(ItemSelector).toMatchObject({ "item.$": "$$.Map.Item.Value" });
    expect(JSON.stringify(ItemProcessor)).not.toContain("$$.");
  });

  test("the Map uses no field that the local AWS ignores", () => {
    expect(state.ItemBatcher).toBeUndefined();
    expect(state.ResultWriter).toBeUndefined();
  });

  test("every child returns {}, because all results share 256 KiB", () => {
    const ends = Object.values(ItemProcessor?.States ?? {}).filter(isGoodEnd);
    expect(ends.length).toBeGreaterThan(0);
    for (const end of ends) expect(end).toMatchObject({ Type: "Pass", Result: {} });
    expect(state.ResultPath).toBeNull();
  });

  test("the Map catches every error, and the lease is released next", () => {
    expect(state.Catch).toEqual([{ ErrorEquals: ["States.ALL"], ResultPath: "$.failure", Next: "Release lease" }]);
    expect(rendered(file).States["Release lease"]?.Type).toBe("Task");
  });
});

const isGoodEnd = (state: State): boolean => state.End === true || state.Type === "Succeed";
