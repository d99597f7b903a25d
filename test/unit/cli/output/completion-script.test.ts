import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CompletedCommand, completionScript, shells } from "#cli/output/completion-script.ts";
import { commandLine } from "../../../fixtures/command-line.ts";

async function scriptOf(shell: string): Promise<string> {
  const cli = await commandLine();
  try {
    return (await cli.run(["completion", shell])).output;
  } finally {
    await cli.stop();
  }
}

/** What bash offers for the last of these words. */
function offered(script: string, words: readonly string[]): string[] {
  const set = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}`;
  const program = `${script}\n${set}\n_integra\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
  const printed = execFileSync("bash", ["--norc", "-c", program], { encoding: "utf8" });
  return printed.split("\n").filter((line) => line !== "");
}

describe("completion", () => {
  it.each([
    [
      ["integra", ""],
      ["ccd", "links", "completion", "--stage"],
    ],
    [["integra", "li"], ["links"]],
    [
      ["integra", "--stage", "prod", "links", ""],
      ["create", "list", "show", "remove", "--json"],
    ],
    [["integra", "ccd", "get", "--ht"], ["--html"]],
    [
      ["integra", "session", "add", "--grant", ""],
      ["refresh_token", "authorization_code"],
    ],
    [["integra", "completion", "f"], ["fish"]],
  ])("bash offers for %j at least %j", async (words, wanted) => {
    expect(offered(await scriptOf("bash"), words)).toEqual(expect.arrayContaining(wanted));
  });

  it("bash offers nothing that does not begin with the word", async () => {
    expect(offered(await scriptOf("bash"), ["integra", "links", "cr"])).toEqual(["create"]);
  });

  it("another shell is refused", async () => {
    const cli = await commandLine();
    expect(await cli.run(["completion", "tcsh"])).toMatchObject({
      code: 64,
      errors: expect.stringContaining("bash, zsh, fish"),
    });
    await cli.stop();
  });

  it("texts with quotes do not end a word of the script", () => {
    const inner: CompletedCommand = {
      name: "go",
      summary: "Go to the user's \\ end",
      options: [],
      values: [],
      commands: [],
    };
    const script = completionScript("fish", { name: "tool", summary: "", options: [], values: [], commands: [inner] });
    expect(script).toContain(String.raw`-a go -d 'Go to the user\'s \\ end'`);
  });

  const installed = shells.filter((shell) => spawnSync(shell, ["-c", "true"]).status === 0);
  it.each(installed)("the script for %s is accepted by the shell, as far as it is installed", async (shell) => {
    const file = join(await mkdtemp(join(tmpdir(), "integra-bridge-completion-")), shell);
    await writeFile(file, await scriptOf(shell));
    const { status, stderr } = spawnSync(shell, ["-n", file], { encoding: "utf8" });
    await rm(dirname(file), { recursive: true });
    expect([status, stderr]).toEqual([0, ""]);
  });
});
