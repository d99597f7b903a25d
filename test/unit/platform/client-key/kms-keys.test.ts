import { generateKeyPairSync, sign } from "node:crypto";
import { GetPublicKeyCommand, KMSClient, KMSInvalidStateException, SignCommand } from "@aws-sdk/client-kms";
import { mockClient } from "aws-sdk-client-mock";
import { importJWK, type JWK, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { clientAssertion } from "#platform/client-key/client-assertion.ts";
import { parseClientKey } from "#platform/client-key/client-key.ts";
import type { KmsKey, SigningAlgorithm } from "#platform/client-key/client-secret.ts";
import { kmsKeys } from "#platform/client-key/kms-keys.ts";
import { publicJwkOf } from "#platform/client-key/signing-key.ts";
import { secretText } from "../../../fixtures/client-keys.ts";

const keyArn = "arn:aws:kms:us-east-1:111122223333:key/4f0c";
const stored = (alg: SigningAlgorithm): KmsKey => ({ kty: "KMS", kid: "4f0c", alg, keyArn });

/** A KMS with one key pair. It signs digests as KMS does: with DER for ECDSA. */
function kmsWith(alg: SigningAlgorithm) {
  const { privateKey, publicKey } =
    alg === "RS384"
      ? generateKeyPairSync("rsa", { modulusLength: 3072 })
      : generateKeyPairSync("ec", { namedCurve: "P-384" });
  const client = new KMSClient({ region: "us-east-1" });
  const mock = mockClient(client);
  mock.on(GetPublicKeyCommand).resolves({ PublicKey: publicKey.export({ format: "der", type: "spki" }) });
  const signs = (message: Buffer) => mock.on(SignCommand).resolves({ Signature: sign("sha384", message, privateKey) });
  return { mock, keys: kmsKeys(client), signs };
}

describe("a client key in KMS", () => {
  it.each(["RS384", "ES384"] as const)("%s: KMS gets the digest, and the assertion verifies", async (alg) => {
    const { mock, keys, signs } = kmsWith(alg);
    const { clientId, signing } = parseClientKey(secretText(stored(alg)), keys);
    // KMS signs the digest of what it is sent; the fixture signs the text, which node:crypto digests itself.
    const observed = { ...signing, sign: (input: Uint8Array) => (signs(Buffer.from(input)), signing.sign(input)) };
    const assertion = await clientAssertion({ clientId, signing: observed }, "aud", Date.now());

    const published = await importJWK((await publicJwkOf(stored(alg), keys)) as JWK);
    const { payload, protectedHeader } = await jwtVerify(assertion, published, { audience: "aud", algorithms: [alg] });
    expect(payload).toMatchObject({ iss: "client-1", sub: "client-1" });
    expect(protectedHeader).toEqual({ alg, kid: "4f0c", typ: "JWT" });
    expect(mock.commandCalls(SignCommand)[0]?.args[0].input).toMatchObject({
      KeyId: keyArn,
      MessageType: "DIGEST",
      SigningAlgorithm: alg === "RS384" ? "RSASSA_PKCS1_V1_5_SHA_384" : "ECDSA_SHA_384",
    });
    expect(mock.commandCalls(SignCommand)[0]?.args[0].input.Message).toHaveLength(48);
  });

  it("a key that KMS has disabled or deleted is a key that cannot be used, and the fault names it", async () => {
    const { mock, keys } = kmsWith("ES384");
    mock.on(SignCommand).rejects(new KMSInvalidStateException({ message: "pending deletion", $metadata: {} }));
    await expect(keys.sign(stored("ES384"), Buffer.from("x"))).rejects.toMatchObject({
      name: "ClientKeyUnusable",
      message: expect.stringContaining(keyArn) as string,
    });
  });

  it("a refused or failed call stays what it is, so that it is tried again", async () => {
    const { mock, keys } = kmsWith("ES384");
    mock.on(SignCommand).rejects(Object.assign(new Error("slow down"), { name: "ThrottlingException" }));
    await expect(keys.sign(stored("ES384"), Buffer.from("x"))).rejects.toMatchObject({ name: "ThrottlingException" });
  });

  it("a KMS key without an ARN or with another algorithm is refused with a fault that names the field", () => {
    const { keys } = kmsWith("ES384");
    expect(() => parseClientKey(secretText({ ...stored("ES384"), keyArn: "4f0c" }), keys)).toThrow("current.keyArn");
    expect(() => parseClientKey(secretText({ ...stored("ES384"), alg: "RS256" }), keys)).toThrow("current.alg");
  });
});
