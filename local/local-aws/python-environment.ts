import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { hasCode, runChild } from "./run-child.ts";

/** Where the tools of the project's Python environment are. */
export type PythonEnvironment = { python: string; cfnLint: string };

/** A Python that can make virtual environments. */
export type Python = { command: string; version: string };

/** Answers a command's Python version, or undefined when it is missing or cannot make virtual environments. */
export type PythonProbe = (command: string) => Promise<string | undefined>;

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
const REQUIREMENTS = fileURLToPath(new URL("requirements.txt", import.meta.url));
const COMMANDS = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"];

const PYTHON_MISSING =
  "integra-bridge needs Python 3.10 or newer with venv for its local AWS: install it " +
  "(Debian/Ubuntu: apt-get install python3 python3-venv; macOS: brew install python) and run the command again.";

/**
 * Makes the project's Python environment (`.local/venv`) unless it is there and made from the current lock.
 *
 * Two processes may call it at once: each builds in a directory of its own, the first to finish wins.
 */
export async function ensurePythonEnvironment(
  directory: string = join(REPOSITORY, ".local/venv"),
  requirements: string = REQUIREMENTS,
): Promise<PythonEnvironment> {
  const python = await findPython();
  const stamp = `${sha256(await readFile(requirements))} ${python.version}\n`;
  if ((await readStamp(directory)) !== stamp) {
    const made = `${directory}.${randomUUID()}`;
    try {
      await build(made, python, requirements, stamp);
      await moveIntoPlace(made, directory, stamp);
    } finally {
      await rm(made, { recursive: true, force: true });
    }
  }
  return { python: join(directory, "bin/python"), cfnLint: join(directory, "bin/cfn-lint") };
}

/** The first Python 3.10 or newer with venv among the usual commands; without one, an Error that says what to do. */
export async function findPython(probe: PythonProbe = probePython): Promise<Python> {
  for (const command of COMMANDS) {
    const version = await probe(command);
    if (version !== undefined && isNewEnough(version)) return { command, version };
  }
  throw new Error(PYTHON_MISSING);
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 3 || (major === 3 && minor >= 10);
}

async function probePython(command: string): Promise<string | undefined> {
  // Debian ships venv without ensurepip; such a venv fails only later, so both are asked for here.
  const question = "import sys, venv, ensurepip; print('.'.join(map(str, sys.version_info[:3])))";
  try {
    const { code, tail } = await runChild(command, ["-c", question]);
    return code === 0 ? tail.trim() : undefined;
  } catch {
    return undefined;
  }
}

async function build(directory: string, python: Python, requirements: string, stamp: string): Promise<void> {
  await mkdir(dirname(directory), { recursive: true });
  await mustSucceed("make a virtual environment", python.command, ["-m", "venv", directory]);
  const pip = ["-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"];
  await mustSucceed(`install the packages of ${relative(REPOSITORY, requirements)}`, join(directory, "bin/python"), [
    ...pip,
    // Compiling everything takes as long as installing it; Python compiles what is imported on first use.
    "--no-compile",
    "--require-hashes",
    "--requirement",
    requirements,
  ]);
  await writeFile(join(directory, "bin/cfn-lint"), CFN_LINT, { mode: 0o755 });
  await writeFile(stampFile(directory), stamp);
}

// The script pip writes names the directory the environment was built in, from which it is moved away.
const CFN_LINT = `#!/bin/sh
exec "$(dirname "$0")/python" -c 'import sys; from cfnlint.runner import main; sys.argv[0] = "cfn-lint"; sys.exit(main())' "$@"
`;

async function mustSucceed(purpose: string, command: string, args: readonly string[]): Promise<void> {
  const { code, tail } = await runChild(command, args);
  if (code !== 0) throw new Error(`integra-bridge could not ${purpose}:\n${tail}`);
}

async function moveIntoPlace(made: string, directory: string, stamp: string): Promise<void> {
  const outdated = `${directory}.${randomUUID()}`;
  if ((await readStamp(directory)) === stamp) return;
  await rename(directory, outdated).catch((error: unknown) => {
    if (!hasCode(error, "ENOENT")) throw error;
  });
  try {
    await rename(made, directory);
  } catch (error) {
    if ((await readStamp(directory)) !== stamp) throw error;
  } finally {
    await rm(outdated, { recursive: true, force: true });
  }
}

async function readStamp(directory: string): Promise<string | undefined> {
  return readFile(stampFile(directory), "utf8").catch(() => undefined);
}

const stampFile = (directory: string) => join(directory, "integra-bridge.stamp");
const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");
