import { mkdirSync } from "node:fs";
import { access, constants, readdir, rm, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { request } from "undici";
import { memoryMibOf } from "#cli/cost/export-cost.ts";
import { heapOnLambda } from "#test/bench/heap-on-lambda.ts";
import type { LoopbackServers } from "#test/bench/loopback/loopback-servers.ts";
import type { ContenderName } from "#test/bench/results.ts";

/** A program that downloads all files of an export, in a process of its own. */
export interface Contender {
  name: ContenderName;
  /** The command that downloads the export at `base`, and its environment. */
  command: (base: string, atOnce: number) => { argv: string[]; env: NodeJS.ProcessEnv };
  /** How many bytes all runs since the last call wrote. */
  takeWrittenBytes: () => Promise<number>;
}

/** The bridge's own path to S3, with or without the verifier, and with the heap that Lambda gives it. */
export function bridgeContender(
  name: "unverified" | "integra-bridge",
  bundle: string,
  servers: Pick<LoopbackServers, "s3">,
): Contender {
  const env = {
    PATH: process.env["PATH"],
    AWS_ENDPOINT_URL: servers.s3,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "bench",
    AWS_SECRET_ACCESS_KEY: "bench",
  };
  // `--expose-gc` as in the NODE_OPTIONS of the function.
  const node = [process.execPath, "--expose-gc", ...heapOnLambda(memoryMibOf("Download file"))];
  const checks = name === "unverified" ? "unverified" : "verified";
  return {
    name,
    command: (base, atOnce) => ({ argv: [...node, bundle, base, checks, String(atOnce)], env }),
    takeWrittenBytes: async () => Number(await (await request(servers.s3)).body.text()),
  };
}

/* pip's own script names the folder in which the environment was built, from which it is moved away. */
const smartFetchMain =
  "import sys; from smart_fetch.cli.main import main_cli; sys.argv[0] = 'smart-fetch'; sys.exit(main_cli())";

/** smart-fetch writes to a folder, uncompressed. */
export function smartFetchContender(python: string, folder: string): Contender {
  const options = ["--type=Observation,Condition,DiagnosticReport", "--no-compression", "--no-default-filters"];
  return folderContender("smart-fetch", folder, /^[A-Z].*\.ndjson$/, (base) => [
    python,
    "-c",
    smartFetchMain,
    "bulk",
    folder,
    `--fhir-url=${base}`,
    ...options,
  ]);
}

/** bulk_fhir_fetch writes to a folder. It asks for a token first, which the server of the bench gives to everybody. */
export function bulkFhirFetchContender(program: string, folder: string): Contender {
  return folderContender("bulk_fhir_fetch", folder, /^fhir_data_.*\.ndjson$/, (base) => [
    program,
    "-client_id=bench",
    "-client_secret=bench",
    `-fhir_auth_url=${base}/token`,
    `-fhir_server_base_url=${base}`,
    `-output_dir=${folder}`,
  ]);
}

/** The path of bulk_fhir_fetch if a folder of the PATH has it, else null. */
export async function findBulkFhirFetch(path = process.env["PATH"] ?? ""): Promise<string | null> {
  for (const folder of path.split(delimiter)) {
    const program = join(folder, "bulk_fhir_fetch");
    const isProgram = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isProgram) return program;
  }
  return null;
}

/** A client that writes NDJSON to a folder, in files whose names match `output`. */
function folderContender(
  name: "smart-fetch" | "bulk_fhir_fetch",
  folder: string,
  output: RegExp,
  argvOf: (base: string) => string[],
): Contender {
  return {
    name,
    command: (base) => {
      mkdirSync(folder, { recursive: true });
      return { argv: argvOf(base), env: { PATH: process.env["PATH"], HOME: folder } };
    },
    takeWrittenBytes: async () => {
      const names = (await readdir(folder)).filter((file) => output.test(file));
      const sizes = await Promise.all(names.map(async (file) => (await stat(join(folder, file))).size));
      await rm(folder, { recursive: true });
      return sizes.reduce((sum, size) => sum + size, 0);
    },
  };
}
