import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { createClientKeyPair, type KeyAlgorithm } from "./client-key-pair.ts";

const usage = `usage: npm run client-key -- --out <file> [--alg ES384|RS384]

Writes a new private JWK to <file>, which only you can read, and prints the public JWK Set. Send the JWK Set to
IntegraConnect for the registration of the client.`;

const { values } = parseArgs({ options: { out: { type: "string" }, alg: { type: "string", default: "ES384" } } });

if (values.out === undefined || !isAlgorithm(values.alg)) {
  console.error(usage);
  process.exitCode = 2;
} else {
  const { privateJwk, publicJwks } = await createClientKeyPair(values.alg);
  // An existing file may be the key of a registered client, so it is never overwritten.
  await writeFile(values.out, `${JSON.stringify(privateJwk, null, 2)}\n`, { mode: 0o600, flag: "wx" });
  console.log(JSON.stringify(publicJwks, null, 2));
}

function isAlgorithm(text: string): text is KeyAlgorithm {
  return text === "ES384" || text === "RS384";
}
