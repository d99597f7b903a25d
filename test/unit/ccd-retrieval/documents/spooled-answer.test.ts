import { readdir, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { spooledAnswer } from "#ccd-retrieval/documents/spooled-answer.ts";
import { refusalOf } from "../../../fixtures/opened-documents.ts";

async function* pieces(count: number, fault?: Error): AsyncGenerator<Buffer> {
  for (let piece = 0; piece < count; piece += 1) yield Buffer.alloc(100, piece);
  if (fault !== undefined) throw fault;
}

const kept = async (): Promise<string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith("integra-bridge-answer-"));

describe("an answer in a file", () => {
  it("is there whole, for its owner's eyes only, until it is removed", async () => {
    const { file, remove } = await spooledAnswer(pieces(3), 300);
    expect((await readFile(file)).length).toBe(300);
    expect((await stat(file)).mode & 0o077).toBe(0);
    await remove();
    await expect(readFile(file)).rejects.toThrow("ENOENT");
  });

  it("leaves nothing where it is larger than it may be, or breaks off", async () => {
    const before = await kept();
    expect(await refusalOf(() => spooledAnswer(pieces(4), 300))).toBe("archive-too-large");
    await expect(spooledAnswer(pieces(2, new Error("cut")), 300)).rejects.toThrow("cut");
    expect((await kept()).toSorted()).toEqual(before.toSorted());
  });
});
