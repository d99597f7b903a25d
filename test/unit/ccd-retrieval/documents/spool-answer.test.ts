import { readdir, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { spoolAnswer } from "#ccd-retrieval/documents/spool-answer.ts";
import { refusalOf } from "#test/fixtures/opened-documents.ts";

async function* pieces(count: number, fault?: Error): AsyncGenerator<Buffer> {
  for (let piece = 0; piece < count; piece += 1) yield Buffer.alloc(100, piece);
  if (fault !== undefined) throw fault;
}

const folders = async (): Promise<string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith("integra-bridge-answer-"));

describe("spoolAnswer", () => {
  it("a spooled answer is whole, readable by its owner only, and gone once it is removed", async () => {
    const { file, remove } = await spoolAnswer(pieces(3), 300);
    expect((await readFile(file)).length).toBe(300);
    expect((await stat(file)).mode & 0o077).toBe(0);
    await remove();
    await expect(readFile(file)).rejects.toThrow("ENOENT");
  });

  it("an answer that is too large or breaks off leaves no file", async () => {
    const before = await folders();
    expect(await refusalOf(() => spoolAnswer(pieces(4), 300))).toBe("archive-too-large");
    await expect(spoolAnswer(pieces(2, new Error("cut")), 300)).rejects.toThrow("cut");
    expect((await folders()).toSorted()).toEqual(before.toSorted());
  });
});
