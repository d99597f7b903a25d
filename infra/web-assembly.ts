import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const repository = join(import.meta.dirname, "..");
const source = join(repository, "functions/bulk-export/verified-file/assembly/take-lines.ts");
const compiler = join(repository, "node_modules/assemblyscript");

const options = [
  "--optimizeLevel=3",
  "--converge",
  "--noAssert",
  "--enable=simd",
  // The module has no heap. It needs memory only for a chunk of the stream: two pages of 64 KiB.
  "--runtime=stub",
  "--initialMemory=2",
  "--maximumMemory=2",
  "--use=abort=",
];

/**
 * Compiles the first pass over the lines of a file to WebAssembly, in base64. It takes about two seconds. The same
 * source makes the same bytes in every folder.
 * @throws Error with the compiler's findings, if the source is wrong
 */
export function compileTakeLines(): string {
  const wasm = execFileSync(process.execPath, [join(compiler, "bin/asc.js"), source, ...options, "--outFile"]);
  return wasm.toString("base64");
}

/** The text that, with this module's own, decides what `compileTakeLines` returns: the source and the compiler's version. */
export function takeLinesInputs(): string {
  return [source, join(compiler, "package.json")].map((file) => readFileSync(file, "utf8")).join("");
}
