import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePythonEnvironment } from "../../local/local-aws/python-environment.ts";
import { runChild } from "../../local/local-aws/run-child.ts";
import { machineFiles, rendered } from "./state-machine-files.ts";

/*
 * Lints the definitions, as they are deployed, with statelint: `node test/workflow/lint-definitions.ts`. It is a second
 * opinion beside asl-validator and cfn-lint, with rules of its own. Any finding ends with exit code 1.
 */

/**
 * Fields of AWS that statelint does not know, because the specification at states-language.net does not have them. Each must
 * be found once: that proves that statelint read the definition.
 */
const unknownFields: Record<string, string[]> = {
  "bulk-export.asl.json": [
    'Field "Label" not allowed in State Machine.States.Download files',
    'Field "InputType" not allowed in State Machine.States.Download files.ItemReader.ReaderConfig',
  ],
  "ccd-retrieval.asl.json": [],
};

/** What statelint finds in a definition. It wants `2.0` for each number that may have a fraction (FLOAT), AWS does not. */
async function findings(python: string, path: string): Promise<string[]> {
  const lines: string[] = [];
  const { code } = await runChild(python, ["-m", "statelint", "--ignore=FLOAT", path], {
    onLine: (line) => lines.push(line.trim()),
  });
  if ((code === 0) !== (lines.length === 0)) throw new Error(`statelint failed:\n${lines.join("\n")}`);
  return lines.filter((line) => line !== "" && !/^\d+ errors?:$|^\/.*\.asl\.json$/.test(line));
}

const outdir = mkdtempSync(join(tmpdir(), "integra-bridge-definitions-"));
try {
  const { python } = await ensurePythonEnvironment();
  for (const file of machineFiles) {
    const path = join(outdir, file);
    writeFileSync(path, JSON.stringify(rendered(file)));
    const found = await findings(python, path);
    const known = unknownFields[file] ?? [];
    const faults = [
      ...found.filter((finding) => !known.includes(finding)),
      ...known.filter((field) => !found.includes(field)).map((field) => `statelint no longer says: ${field}`),
    ];
    for (const fault of faults) console.log(`${file}: ${fault}`);
    if (faults.length > 0) process.exitCode = 1;
    else console.log(`statelint has no findings in ${file}`);
  }
} finally {
  rmSync(outdir, { recursive: true, force: true });
}
