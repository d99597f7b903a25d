import { describe, expect, it } from "vitest";
import {
  checkApiSecret,
  checkClientSecret,
  checkSessionSecret,
  checkSmartClientSecret,
  type SecretsPorts,
} from "#cli/doctor/secrets-check.ts";
import { ecKey, secretText } from "../../../fixtures/client-keys.ts";

const current = ecKey("key-1").privateJwk;
const session = {
  refresh_token: "hidden-token",
  client_id: "hidden-id",
  client_secret: "hidden",
  auth_method: "client_secret_post",
};

async function finding(
  check: (ports: SecretsPorts) => () => Promise<{ verdict: string; seen: string; action?: string }>,
  text: string | undefined,
  serviceSession = true,
) {
  const found = await check({ stage: "prod", serviceSession, readSecret: () => Promise.resolve(text) })();
  expect(JSON.stringify(found)).not.toMatch(/hidden|x7-random/);
  expect(JSON.stringify(found)).not.toContain(current.x);
  expect(found.action === undefined).toBe(found.verdict === "ok");
  return [found.verdict, found.seen, found.action ?? ""].join(" | ");
}

describe("the client's secret", () => {
  it.each([
    ["whole", secretText(current), /^ok \| integra-bridge\/prod\/client has/],
    ["absent", undefined, /^failed .*has no key .*keys -- create --stage prod/],
    ["the random text of CloudFormation", "x7-random", /^failed .*has no key .*keys -- create --stage prod/],
    ["without a client id", secretText(current, { clientId: undefined }), /^failed .*keys -- register --stage prod/],
    ["without a scope", secretText(current, { scope: undefined }), /^failed .*keys -- register --stage prod/],
    ["with half a key", secretText({ ...current, d: undefined }), /^failed .*current\.d must be .*correct the field/],
  ])("that is %s", async (_, text, found) => {
    expect(await finding(checkClientSecret, text)).toMatch(found);
  });
});

describe("the secret of the stage's session", () => {
  it.each([
    ["whole", JSON.stringify(session), true, /^ok/],
    [
      "without a refresh token",
      JSON.stringify({ ...session, refresh_token: undefined }),
      true,
      /^failed .*refresh_token .*session -- add/,
    ],
    [
      "without the client's secret",
      JSON.stringify({ ...session, client_secret: undefined }),
      true,
      /^failed .*client_secret is missing/,
    ],
    ["broken JSON", '{"refresh_token":"hidden', true, /^failed .*not JSON/],
    ["not stored yet", "x7-random", true, /^warning .*503 .*api\.serviceSession/],
    ["not needed", undefined, false, /^ok .*none is needed/],
  ])("that is %s", async (_, text, needed, found) => {
    expect(await finding(checkSessionSecret, text, needed)).toMatch(found);
  });
});

describe("the secret of the SMART client", () => {
  it.each([
    ["whole", JSON.stringify({ client_id: "hidden", auth_method: "none" }), /^ok/],
    ["not stored yet", "x7-random", /^warning .*users cannot be linked .*add-client --stage prod/],
    [
      "with an unknown method",
      JSON.stringify({ client_id: "hidden", auth_method: "hidden-method" }),
      /^failed .*auth_method must be/,
    ],
  ])("that is %s", async (_, text, found) => {
    expect(await finding(checkSmartClientSecret, text)).toMatch(found);
  });
});

describe("the API's secret", () => {
  it.each([
    ["generated", "x7-random".repeat(8), /^ok/],
    ["too short", "x7-random", /^failed/],
    ["absent", undefined, /^failed/],
  ])("that is %s", async (_, text, found) => {
    expect(await finding(checkApiSecret, text)).toMatch(found);
  });
});
