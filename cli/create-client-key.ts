import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { createClientKeyPair, type KeyAlgorithm } from "./client-key-pair.ts";

const usage = `usage: npm run client-key -- --out <file> [--alg ES384|RS384]

Writes a new private JWK to <file>, readable by you alone, and prints the public JWK Set that IntegraConnect is to
register for the client.`;

const { values } = parseArgs({ options: { out: { type: "string" }, alg: { type: "string", default: "ES384" } } });

if (values.out === undefined || !isAlgorithm(values.alg)) {
  console.error(usage);
  process.exitCode = 2;
} else {
  const { privateJwk, publicJwks } = await createClientKeyPair(values.alg);
  // An existing file may be the key of a registered client: it is never overwritten.
  await writeFile(values.out, `${JSON.stringify(privateJwk, null, 2)}\n`, { mode: 0o600, flag: "wx" });
  console.log(JSON.stringify(publicJwks, null, 2));
}

function isAlgorithm(text: string): text is KeyAlgorithm {
  return text === "ES384" || text === "RS384";
}
