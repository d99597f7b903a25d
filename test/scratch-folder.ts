import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const PREFIX = "integra-bridge-tests-";

/**
 * Gives the tests a folder of their own for temporary files, which goes with them: workers are ended without a chance to
 * remove what they made, such as the bundles of all functions. Each project of a run calls it, and the first one makes the folder.
 */
export default function setup(): (() => void) | undefined {
  const before = tmpdir();
  if (basename(before).startsWith(PREFIX)) return undefined;
  const folder = mkdtempSync(join(before, PREFIX));
  process.env["TMPDIR"] = folder;
  return () => {
    process.env["TMPDIR"] = before;
    rmSync(folder, { recursive: true, force: true });
  };
}
