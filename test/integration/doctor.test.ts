import { DeleteRolePolicyCommand, IAMClient, ListRolesCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { DisableKeyCommand, EnableKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lineOf } from "#cli/checks/findings.ts";
import { examineStage } from "#cli/doctor/examine-stage.ts";
import { doctorReport } from "#cli/doctor/report.ts";
import { createKey, type StageKeys } from "#cli/keys/key-commands.ts";
import { stageKeys } from "#cli/keys/stage-keys.ts";
import type { AwsAccess } from "#cli/stage-outputs.ts";
import { stagesOfCdkJson } from "#cli/stages-of-cdk-json.ts";
import { createClientKeyPair } from "#client-keys/key-pair.ts";
import { readStageSettings } from "#infra/settings.ts";
import { apiCaller } from "#local/api-caller.ts";
import { clientSettings } from "#local/local-bridge.ts";
import { parseClientKeys } from "#platform/client-key/client-secret.ts";
import { ageAccessToken, pastRenewalMs } from "../fixtures/aged-token.ts";
import { type BridgeUnderTest, bridgeUnderTest } from "../fixtures/bridge-under-test.ts";
import { iamUser } from "../fixtures/iam-user.ts";

const signal = new AbortController().signal;

const spoilt = () => JSON.stringify({ client_id: "spoilt-by-hand", auth_method: "client_secret_basic" });
const withoutScope = (text: string) => JSON.stringify({ ...JSON.parse(text), scope: undefined });

/** What must not be shown of a secret. */
function hiddenIn(text: string): string[] {
  const { current, refresh_token, client_secret } = JSON.parse(text) as Record<string, unknown>;
  const hidden = [(current as { d?: string } | undefined)?.d, refresh_token, client_secret];
  return hidden.filter((value) => typeof value === "string");
}

describe("npm run doctor on the local AWS", () => {
  let test: BridgeUnderTest;
  let access: AwsAccess;
  let keys: StageKeys;
  let secrets: SecretsManagerClient;

  beforeAll(async () => {
    test = await bridgeUnderTest({
      simulator: { patients: 5 },
      settings: { clientKey: { kms: { keys: ["first", "second"] } } },
    });
    access = clientSettings(test.bridge.aws);
    secrets = new SecretsManagerClient(access);
    keys = await stageKeys("local", access);
    await createKey(keys);
    // The session has been used once.
    await callApi();
  });
  afterAll(async () => {
    await test.stop();
  });

  const callApi = () => apiCaller(test.bridge.outputs).get(`/fhir/Observation?patient=${patientId()}`);
  const patientId = () => test.simulator.records.ofType("Patient")[0]?.id ?? "";

  async function examine(more: { access?: AwsAccess; overrides?: object; stage?: string } = {}) {
    const lines: string[] = [];
    const stage = more.stage ?? "local";
    const readSettings = () =>
      readStageSettings(stage, stagesOfCdkJson(), more.overrides ?? test.bridge.outputs.settings);
    const report = await examineStage(
      { stage, readSettings },
      (finding) => lines.push(lineOf(finding)),
      signal,
      more.access ?? access,
    );
    expect(doctorReport.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
    return { ...report, bad: lines.filter((line) => !line.startsWith("ok ")), lines };
  }

  /** Replaces the text of a secret for as long as `use` runs. */
  async function withSecret(SecretId: string, change: (text: string) => string, use: () => Promise<void>) {
    const { SecretString = "" } = await secrets.send(new GetSecretValueCommand({ SecretId }));
    await secrets.send(new PutSecretValueCommand({ SecretId, SecretString: change(SecretString) }));
    try {
      await use();
    } finally {
      await secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));
    }
  }

  it("all is well on a healthy stage, nothing secret is printed, and the server sees a token request and no export", async () => {
    const before = test.simulator.log.length;
    const { bad, lines, exitCode, verdict } = await examine();
    expect(bad).toEqual([]);
    expect([exitCode, verdict]).toEqual([0, "ok"]);
    expect(new Set(lines.map((line) => line.slice(16, line.indexOf(":"))))).toEqual(
      new Set(["settings", "stacks", "secrets", "keys", "public keys", "server", "tokens", "sessions", "permissions"]),
    );
    const calls = test.simulator.log.slice(before).map(({ endpoint }) => endpoint);
    expect(calls.toSorted()).toEqual(["metadata", "smart-configuration", "token"]);
    for (const name of [test.bridge.outputs.clientSecretName, test.bridge.outputs.sessionSecretName]) {
      const { SecretString = "" } = await secrets.send(new GetSecretValueCommand({ SecretId: name }));
      expect(hiddenIn(SecretString).length).toBeGreaterThan(0);
      for (const value of hiddenIn(SecretString)) expect(lines.join()).not.toContain(value);
    }
  });

  describe("names what is broken, and the remedy", () => {
    it("settings that differ from the deployed ones, and a server that does not answer", async () => {
      const { integra, ...others } = test.bridge.outputs.settings;
      const overrides = { ...others, integra: { ...(integra as object), baseUrl: "http://127.0.0.1:9/" } };
      const { bad, exitCode } = await examine({ overrides });
      expect(exitCode).toBe(2);
      expect(bad).toEqual([
        expect.stringMatching(
          /^failed +settings: .* other settings than cdk\.json has: integra\.baseUrl\. To do: deploy again/,
        ),
        expect.stringMatching(
          /^failed +server: http:\/\/127\.0\.0\.1:9 accepts no connection .*ECONNREFUSED.*To do: check the settings/,
        ),
        expect.stringMatching(/^failed +server: .*\/metadata does not answer: .*To do: /),
        expect.stringMatching(
          /^failed +tokens: .*\/token: no answer from .*To do: check the setting integra\.tokenUrl/,
        ),
        expect.stringMatching(/^failed +tokens: nobody can be linked: .*To do: /),
      ]);
    });

    it("settings that cannot be read: nothing else is examined", async () => {
      const { bad, lines, exitCode } = await examine({ overrides: { integra: { baseUrl: "http://example.org/" } } });
      expect(lines).toEqual(bad);
      expect(bad).toEqual([
        expect.stringMatching(/^failed +settings: .*must be https.*To do: correct the stage in cdk\.json/),
      ]);
      expect(exitCode).toBe(2);
    });

    it("a secret with another shape, without its values", async () => {
      await withSecret(test.bridge.outputs.sessionSecretName, spoilt, async () => {
        const { bad } = await examine();
        expect(bad).toEqual([
          expect.stringMatching(
            /^failed +secrets: integra-bridge\/local\/user-session cannot be used: refresh_token must be a text, or is missing\. To do: run npm run session -- add --stage local/,
          ),
        ]);
        expect(bad.join()).not.toContain("spoilt-by-hand");
      });
    });

    it("a client that is not registered yet", async () => {
      await withSecret(test.bridge.outputs.clientSecretName, withoutScope, async () => {
        const { bad, exitCode } = await examine();
        expect(exitCode).toBe(2);
        expect(bad[0]).toMatch(/^failed +secrets: .*no client id or no scope\. To do: run npm run keys -- register/);
        expect(bad[1]).toMatch(
          /^failed +tokens: the client's secret cannot be used: scope .*To do: follow the lines secrets and keys/,
        );
      });
    });

    it("a public key set that lacks the key that signs, and a key that the server does not know", async () => {
      const { privateJwk } = await createClientKeyPair("ES384");
      const typedIn = (text: string) => JSON.stringify({ ...JSON.parse(text), current: privateJwk });
      await withSecret(test.bridge.outputs.clientSecretName, typedIn, async () => {
        const { bad } = await examine();
        expect(bad).toEqual([
          expect.stringMatching(
            /^warning +keys: the current key .* is not in the public key set\. To do: .*npm run keys -- create/,
          ),
          expect.stringContaining(`jwks.json lacks ${privateJwk.kid}. To do: run npm run keys -- create --stage local`),
          expect.stringMatching(/^failed +tokens: .*invalid_client.*To do: compare npm run keys -- list --stage local/),
        ]);
      });
    });

    it("a key that is disabled in KMS", async () => {
      const { next } = parseClientKeys((await keys.readSecret()) ?? "");
      const KeyId = next?.kty === "KMS" ? next.keyArn : "";
      const kms = new KMSClient(access);
      await kms.send(new DisableKeyCommand({ KeyId }));
      try {
        const { bad } = await examine();
        expect(bad[0]).toBe(
          `failed          keys: the key ${KeyId} is Disabled in KMS. To do: run aws kms enable-key --key-id ${KeyId}, or rotate to another key (npm run keys -- rotate --stage local)`,
        );
      } finally {
        await kms.send(new EnableKeyCommand({ KeyId }));
      }
    });

    it("a role that was changed by hand", async () => {
      const iam = new IAMClient(access);
      const { Roles = [] } = await iam.send(new ListRolesCommand({}));
      const RoleName = Roles.find(({ RoleName: name = "" }) => /Jwks/.test(name))?.RoleName ?? "";
      const Statement = [{ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }];
      const policy = { RoleName, PolicyName: "by-hand" };
      await iam.send(
        new PutRolePolicyCommand({ ...policy, PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement }) }),
      );
      try {
        const { bad } = await examine();
        expect(bad).toEqual([
          expect.stringMatching(
            /^failed +permissions: the role api: .*Jwks.* may also s3:GetObject on \*\. To do: find out who/,
          ),
        ]);
      } finally {
        await iam.send(new DeleteRolePolicyCommand(policy));
      }
    });

    it("what the operator's identity may not read could not be checked, and the other lines are printed", async () => {
      const { accessKeyId, secretAccessKey } = await iamUser(test.bridge, "operator", true);
      const { bad, lines } = await examine({ access: { ...access, credentials: { accessKeyId, secretAccessKey } } });
      expect(bad.filter((line) => line.startsWith("could not check secrets: AccessDenied"))).toHaveLength(4);
      expect(bad).toContainEqual(expect.stringMatching(/^could not check permissions: .*To do: /));
      expect(lines).toContainEqual(expect.stringMatching(/^ok +server: /));
    });

    it("a stage that is not deployed", async () => {
      const { bad, exitCode } = await examine({
        stage: "dev",
        overrides: { integra: test.bridge.outputs.settings["integra"] },
      });
      expect(exitCode).toBe(2);
      expect(bad).toContainEqual(expect.stringMatching(/^failed +stacks: the stack landing does not exist/));
    });

    // The last one: it ends the stage's session.
    it("a session that the server has ended", async () => {
      test.simulator.endSessions("portal-user");
      await ageAccessToken(test, pastRenewalMs);
      expect((await callApi()).status).toBe(503);
      const { bad } = await examine();
      expect(bad).toEqual([
        expect.stringMatching(
          /^failed +sessions: the stage's own session ended .*\(grant-refused\)\. To do: sign in as its user, and run npm run session -- add --stage local$/,
        ),
      ]);
    });
  });
});
