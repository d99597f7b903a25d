import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Gives the tests a folder of their own for temporary files, which goes with them: workers are ended without a chance to
 * remove what they made, such as the bundles of all functions.
 */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "integra-bridge-tests-"));
  process.env["TMPDIR"] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
