import { chmod, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { bulkFhirFetchContender, findBulkFhirFetch } from "#test/bench/contenders/contenders.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "contenders-"));
});

describe("bulk_fhir_fetch", () => {
  it("is the first program of this name on the PATH", async () => {
    const folders = ["empty", "text", "program", "later"].map((name) => join(folder, name));
    await Promise.all(folders.map((one) => mkdir(one)));
    const [, text = "", program = "", later = ""] = folders.map((one) => join(one, "bulk_fhir_fetch"));
    for (const file of [text, program, later]) await writeFile(file, "");
    for (const file of [program, later]) await chmod(file, 0o755);
    expect(await findBulkFhirFetch(folders.join(delimiter))).toBe(program);
    expect(await findBulkFhirFetch(folders.slice(0, 2).join(delimiter))).toBeNull();
  });

  it("counts only the files that it wrote, and leaves none for the next round", async () => {
    const contender = bulkFhirFetchContender("bulk_fhir_fetch", join(folder, "out"));
    for (const size of [7, 5]) {
      contender.command("http://127.0.0.1:1/1x5", 1);
      await writeFile(join(folder, "out/fhir_data_0_0.ndjson"), "x".repeat(size));
      await writeFile(join(folder, "out/other.json"), "x".repeat(100));
      expect(await contender.takeWrittenBytes()).toBe(size);
    }
  });
});
