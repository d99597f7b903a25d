import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keySetStore } from "#client-keys/records/key-set-store.ts";
import { clientSettings } from "#local/local-bridge.ts";
import { SYNTHETIC_PASSWORD } from "#local/simulator/smart/synthetic-users.ts";
import { SmallBrowser } from "#local/small-browser.ts";
import { keySetMaxAgeSeconds, publishedBeforeUseMs } from "#platform/client-key/key-lifetimes.ts";
import { type BridgeUnderTest, bridgeUnderTest } from "../fixtures/bridge-under-test.ts";
import { blocksOf, isRunnable, type PageShell, pageShell, untilEnded } from "../fixtures/page-commands.ts";

const page = await readFile(new URL("../../docs/identity.md", import.meta.url), "utf8");
const blocks = blocksOf(page);
const settings = JSON.parse(blocks.find(({ language }) => language === "json")?.text ?? "") as Record<string, unknown>;
const commands = blocks.filter(isRunnable).map(({ text }) => text);

/** What Product Support assigns. */
const assigned = { clientId: "client-of-the-page", smartClientId: "app-of-the-page", smartClientSecret: randomUUID() };

/** The user signs in. Returns the title of the last page. */
async function signIn(url: string): Promise<string> {
  const browser = new SmallBrowser();
  const portal = await browser.follow(await browser.submit(await browser.open(url)));
  const consent = await browser.submit(portal, { username: "pat", password: SYNTHETIC_PASSWORD });
  const callback = await browser.submit(consent, { decision: "allow" });
  return (await browser.submit(await browser.follow(callback))).title;
}

describe("docs/identity.md on the local AWS", () => {
  let test: BridgeUnderTest;
  let shell: PageShell;
  let folder: string;
  const outputs: string[] = [];

  beforeAll(async () => {
    test = await bridgeUnderTest({ simulator: { patients: 8, ccdDurationMs: 200 }, settings });
    // The page begins without a key and without a SMART client.
    const secrets = new SecretsManagerClient(clientSettings(test.bridge.aws));
    for (const SecretId of [test.bridge.outputs.clientSecretName, test.bridge.outputs.smartClientSecretName])
      await secrets.send(new PutSecretValueCommand({ SecretId, SecretString: "as CloudFormation creates it" }));
    folder = await mkdtemp(join(tmpdir(), "integra-bridge-identity-"));
    await writeFile(join(folder, "outputs.json"), JSON.stringify(test.bridge.outputs));
    shell = await pageShell({
      PATH: process.env["PATH"] ?? "",
      HOME: process.env["HOME"] ?? "",
      CLIENT_ID: assigned.clientId,
      SMART_CLIENT_ID: assigned.smartClientId,
      SMART_CLIENT_SECRET: assigned.smartClientSecret,
    });
  });
  afterAll(async () => {
    await shell.close();
    await rm(folder, { recursive: true });
    await test.stop();
  });

  /** What Product Support does. */
  function registerClients(): void {
    const { apiUrl } = test.bridge.outputs;
    test.simulator.registerClient({
      clientId: assigned.clientId,
      jwksUrl: `${apiUrl}/.well-known/jwks.json`,
      scopes: ["system/*.read"],
    });
    test.simulator.registerApp({
      clientId: assigned.smartClientId,
      name: "Example App",
      authMethod: "client_secret_basic",
      clientSecret: assigned.smartClientSecret,
      redirectUris: [`${apiUrl}/smart/callback`],
    });
  }
  async function letKeysAge(): Promise<void> {
    const dynamo = DynamoDBDocumentClient.from(new DynamoDBClient(clientSettings(test.bridge.aws)));
    await keySetStore(dynamo, test.bridge.outputs.ledgerTableName).change((keys) =>
      Promise.resolve(keys.map((key) => ({ ...key, publishedAt: key.publishedAt - publishedBeforeUseMs }))),
    );
    test.simulator.advanceClock(keySetMaxAgeSeconds);
  }

  /** The test has its own file of outputs, because npm run local may be running. */
  const onThisStage = (block: string): string =>
    block
      .replaceAll(".local/outputs.json", join(folder, "outputs.json"))
      .replace(
        /npm run doctor -- --stage "\$STAGE"/,
        `$& --overrides "$(jq -c .settings ${join(folder, "outputs.json")})"`,
      );

  it.each(commands.map((text, place) => ({ place, first: text.split("\n")[0] ?? "", text })))(
    "command $place works: $first",
    async ({ text }) => {
      if (text.includes("keys -- register")) registerClients();
      if (text.includes("keys -- rotate")) await letKeysAge();
      const output = await shell.run(untilEnded(onThisStage(text)));
      const title = text.includes("jq -r .url") ? await signIn(output.trim()) : "";
      expect(["", "You are connected"]).toContain(title);
      outputs.push(output, title);
    },
  );

  it("each step gave what the page says", () => {
    const all = outputs.join("\n");
    expect(outputs).toContain("You are connected");
    expect(all).toContain("created the current key");
    expect(all).toContain("created the next key");
    expect(all).not.toMatch(/^(?:warning|failed|could not check)/m);
    expect(all).toContain('"state": "linked"');
    expect(all).toContain('"state": "ready"');
    expect(all).toContain("<ClinicalDocument");
    expect(all).toContain('"atServer": "revoked"');
    expect(all.match(/^(?:retired|current|next) /gm)).toEqual(
      expect.arrayContaining(["retired ", "current ", "next "]),
    );
    expect(all).not.toContain('"d":');
  });
});
