import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BridgeUnderTest, bridgeUnderTest } from "../fixtures/bridge-under-test.ts";
import { blocksOf, isRunnable, type PageShell, pageShell, runPages, untilEnded } from "../fixtures/page-commands.ts";

const repository = join(import.meta.dirname, "..", "..");

/** `call` of this page is used by those behind it. docs/identity.md has a test and a stage of its own. */
const first = "docs/call-the-api.md";
const pages = [first, ...runPages.filter((page) => page !== first && page !== "docs/identity.md")];

const commands = await Promise.all(
  pages.map(async (page) => {
    const blocks = blocksOf(await readFile(join(repository, page), "utf8")).filter(isRunnable);
    return blocks.map(({ text }) => ({ page, text, start: (text.split("\n")[0] ?? "").slice(0, 60) }));
  }),
);

describe("the commands of the pages for people, on the local AWS", () => {
  let test: BridgeUnderTest;
  let shell: PageShell;
  let folder: string;
  const outputs: string[] = [];

  beforeAll(async () => {
    test = await bridgeUnderTest({ simulator: { ccdDurationMs: 200 } });
    folder = await mkdtemp(join(tmpdir(), "integra-bridge-pages-"));
    await writeFile(join(folder, "outputs.json"), JSON.stringify(test.bridge.outputs));
    const { AWS_PROFILE: _, ...env } = test.bridge.aws.env as Record<string, string>;
    shell = await pageShell({ ...env, INTEGRA_STAGE: "local" });
  });
  afterAll(async () => {
    await shell.close();
    await rm(folder, { recursive: true });
    await test.stop();
  });

  /** The test has its own file of outputs, because npm run local may be running, and writes no files into the project. */
  const apart = (block: string): string => block.replaceAll(".local/", `${folder}/`);

  it.each(commands.flat())("$page: $start", async ({ text }) => {
    const output = await shell.run(untilEnded(apart(text)));
    expect(output).not.toMatch(/^(?:failed|Error)/m);
    outputs.push(output);
  });

  it("the commands gave what the pages say", async () => {
    const all = outputs.join("\n");
    expect(all).toContain('"Bundle"');
    expect(all).toMatch(/^completed\b|is complete|completed/m);
    expect(all).toContain('"exportId"');
    expect(all).toContain("This Bundle is derived");
    expect(all).toMatch(/AWS::Lambda::Function/);
    expect(await readFile(join(folder, "ccd.html"), "utf8")).toMatch(/^<!DOCTYPE html>/i);
  });
});
