import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const vite = join(dirname(createRequire(import.meta.url).resolve("vite/package.json")), "bin/vite.js");

/**
 * Builds the console into a folder. It takes about two seconds. The same sources make the same files.
 * @param folder an empty folder, or one that is to be replaced
 * @throws Error with Vite's findings, if the sources are wrong
 */
export function buildConsole(folder: string): void {
  const args = [vite, "build", "--config", join(import.meta.dirname, "vite.config.ts"), "--outDir", folder];
  // A folder elsewhere is emptied only if that is said.
  execFileSync(process.execPath, [...args, "--emptyOutDir", "--logLevel", "warn"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
}
