import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  checkAlarms,
  checkBuckets,
  checkClient,
  checkKey,
  checkKeySet,
  checkLedger,
  checkLogs,
  checkRefusal,
  checkSchedules,
  checkStacks,
  type Subscription,
} from "#cli/smoke/stage-checks.ts";
import type { Finding } from "#platform/findings/findings.ts";

const gives =
  <Value>(value: Value) =>
  () =>
    Promise.resolve(value);

const denied = () => Promise.reject(new Error("AccessDenied"));

/** The verdict and what was seen. Whatever is not ok says what to do. */
async function found(check: () => Promise<Finding>): Promise<[string, string]> {
  const { verdict, seen, action } = await check();
  expect(action === undefined).toBe(verdict === "ok");
  return [verdict, seen];
}

const stackFinding = (stack: { status: string; outputs: readonly string[] } | undefined) =>
  found(checkStacks({ expected: { landing: ["BusName", "KeyArn"] }, readStack: gives(stack) }));

describe("checkStacks", () => {
  it.each(["CREATE_COMPLETE", "UPDATE_COMPLETE"])("%s with all outputs is ok", async (status) => {
    expect((await stackFinding({ status, outputs: ["BusName", "KeyArn", "More"] }))[0]).toBe("ok");
  });

  it.each([
    [undefined, "the stack landing does not exist"],
    [
      { status: "UPDATE_ROLLBACK_COMPLETE", outputs: ["BusName", "KeyArn"] },
      "the stack landing is UPDATE_ROLLBACK_COMPLETE",
    ],
    [{ status: "UPDATE_IN_PROGRESS", outputs: ["BusName", "KeyArn"] }, "the stack landing is UPDATE_IN_PROGRESS"],
    [{ status: "CREATE_COMPLETE", outputs: ["BusName"] }, "the stack landing has no output KeyArn"],
  ])("%j is a fault", async (stack, seen) => {
    expect(await stackFinding(stack)).toEqual(["failed", seen]);
  });
});

describe("checkClient", () => {
  const current = {
    ...generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey.export({ format: "jwk" }),
    kid: "key-1",
  };
  const secret = JSON.stringify({ clientId: "client-1", scope: "system/*.read", current });
  const check = (more: Partial<Parameters<typeof checkClient>[0]>) =>
    checkClient({
      stage: "prod",
      readSecret: gives<string | undefined>(secret),
      fetchKeySet: gives({ status: 200, kids: ["key-0", "key-1"] }),
      readRotation: gives(true),
      rotateEveryDays: undefined,
      ...more,
    });

  it("a complete secret with a published key is ok, and nothing secret is shown", async () => {
    const [verdict, seen] = await found(check({}));
    expect([verdict, seen]).toEqual(["ok", "the secret is complete, and its key key-1 is published"]);
  });

  it.each([
    ["none", undefined],
    ["the random text of CloudFormation", "x7-random"],
    ["without a client id", JSON.stringify({ scope: "system/*.read", current })],
    ["with half a key", JSON.stringify({ clientId: "client-1", scope: "s", current: { ...current, d: undefined } })],
  ])("a secret that is %s is a fault, and no value of it is shown", async (_, text) => {
    const finding = await check({ readSecret: gives(text) })();
    expect(finding).toMatchObject({ verdict: "failed", seen: expect.stringContaining("cannot be used") as string });
    expect(JSON.stringify(finding)).not.toMatch(/x7-random|client-1/);
    expect(JSON.stringify(finding)).not.toContain(current.x);
  });

  it("a key that is not published is a warning, because Product Support may have registered it by hand", async () => {
    expect((await found(check({ fetchKeySet: gives({ status: 200, kids: [] }) })))[0]).toBe("warning");
  });

  it("a rotation of the settings that Secrets Manager does not know is a fault", async () => {
    expect((await found(check({ rotateEveryDays: 90 })))[0]).toBe("ok");
    expect((await found(check({ rotateEveryDays: 90, readRotation: gives(false) })))[0]).toBe("failed");
  });

  it("an error that is not about the secret is not taken for one", async () => {
    await expect(check({ readSecret: denied })()).rejects.toThrow("AccessDenied");
  });
});

describe("checkKeySet", () => {
  it.each([
    [200, "ok"],
    [403, "failed"],
    [503, "failed"],
  ])("an answer with %i is %s", async (status, verdict) => {
    const check = checkKeySet({ url: "https://api/jwks.json", fetchKeySet: gives({ status, kids: ["key-1"] }) });
    expect((await found(check))[0]).toBe(verdict);
  });
});

describe("checkRefusal", () => {
  it.each([
    [401, "ok"],
    [403, "ok"],
    [200, "failed"],
    [404, "failed"],
    [500, "failed"],
  ])("an unsigned call that is answered with %i is %s", async (status, verdict) => {
    expect((await found(checkRefusal({ url: "https://api/x", call: gives(status) })))[0]).toBe(verdict);
  });
});

describe("checkAlarms", () => {
  const confirmed: Subscription = { endpoint: "a@example.org", confirmed: true };
  const pending: Subscription = { endpoint: "b@example.org", confirmed: false };
  const silent = { nobody: true };
  const mailed = { nobody: false, email: "a@example.org" };
  const own = { nobody: false, topicArn: "arn:aws:sns:eu-west-1:111122223333:t" };

  it.each([
    ["a confirmed recipient", mailed, [confirmed], "ok"],
    ["one of two recipients pending", mailed, [confirmed, pending], "failed"],
    ["a pending recipient", own, [pending], "failed"],
    ["no recipient, though there is an address", mailed, [], "failed"],
    ["no recipient of a topic of the user's own", own, [], "failed"],
    ["no recipient, as the settings say", silent, [], "ok"],
    ["no recipient, and settings that say nothing", { nobody: false }, [], "warning"],
  ])("%s: %j with %j is %s", async (_, settings, subscriptions, verdict) => {
    const check = checkAlarms({ topicArn: "topic", settings, readSubscriptions: gives(subscriptions) });
    expect((await found(check))[0]).toBe(verdict);
  });
});

describe("checkLogs", () => {
  it.each([
    ["encrypted with the stage's key", [{ name: "a", keyArn: "key", days: 30 }], "ok"],
    ["not encrypted", [{ name: "a", keyArn: undefined, days: 30 }], "failed"],
    ["encrypted with another key", [{ name: "a", keyArn: "other", days: 30 }], "failed"],
    ["kept for ever", [{ name: "a", keyArn: "key", days: undefined }], "warning"],
    ["not there", [], "failed"],
  ])("log groups that are %s: %j is %s", async (_, groups, verdict) => {
    expect((await found(checkLogs({ keyArn: "key", readLogGroups: gives(groups) })))[0]).toBe(verdict);
  });
});

describe("checkKey", () => {
  const own = "arn:aws:iam::111122223333:root";
  const policy = JSON.stringify({
    Statement: [
      { Effect: "Allow", Principal: { AWS: own }, Action: "kms:*", Resource: "*" },
      {
        Effect: "Allow",
        Principal: { Service: "logs.eu-west-1.amazonaws.com" },
        Action: "kms:*",
        Condition: { ArnLike: {} },
      },
    ],
  });
  const good = { state: "Enabled", rotates: true, policy };

  it.each([
    ["an enabled key", {}, "ok"],
    ["a disabled key", { state: "Disabled" }, "failed"],
    ["a key that will be deleted", { state: "PendingDeletion" }, "failed"],
    ["a key that does not rotate", { rotates: false }, "failed"],
    ["a key with another policy", { policy: policy.replace("111122223333", "999999999999") }, "failed"],
  ])("%s: %j is %s", async (_, more, verdict) => {
    const keyArn = "arn:aws:kms:eu-west-1:111122223333:key/1";
    const check = checkKey({ keyArn, subscriberAccounts: [], readKey: gives({ ...good, ...more }) });
    expect((await found(check))[0]).toBe(verdict);
  });
});

describe("checkBuckets", () => {
  const Resource = ["arn:aws:s3:::b", "arn:aws:s3:::b/*"];
  const Condition = { Bool: { "aws:SecureTransport": "false" } };
  const policy = JSON.stringify({ Statement: { Effect: "Deny", Principal: "*", Action: "s3:*", Resource, Condition } });

  it.each([
    ["a closed bucket", [{ name: "b", blocksPublicAccess: true, policy }], "ok"],
    ["a bucket without the block", [{ name: "b", blocksPublicAccess: false, policy }], "failed"],
    ["a bucket without a policy", [{ name: "b", blocksPublicAccess: true, policy: undefined }], "failed"],
    ["no bucket", [], "failed"],
  ])("%s: %j is %s", async (_, buckets, verdict) => {
    expect((await found(checkBuckets({ readBuckets: gives(buckets) })))[0]).toBe(verdict);
  });
});

describe("checkLedger", () => {
  it.each([
    [true, { deletionProtection: true, pointInTimeRecovery: true }, "ok"],
    [true, { deletionProtection: false, pointInTimeRecovery: true }, "failed"],
    [false, { deletionProtection: false, pointInTimeRecovery: true }, "ok"],
    [false, { deletionProtection: false, pointInTimeRecovery: false }, "failed"],
  ])("a stage that keeps its data (%s) with %j is %s", async (keepsData, ledger, verdict) => {
    const check = checkLedger({ keepsData, table: "ledger", readLedger: gives(ledger) });
    expect((await found(check))[0]).toBe(verdict);
  });
});

const nightly = (enabled: boolean) => ({
  description: 'Starts an export by the stage\'s schedule "nightly"',
  enabled,
});

describe("checkSchedules", () => {
  const sweeps = ["sweep-exports", "sweep-ccd-requests", "sweep-links"].map((name) => ({
    description: `Invokes ${name}`,
    enabled: true,
  }));

  it.each([
    ["the sweeps", [], sweeps, "ok"],
    ["an enabled schedule", [{ name: "nightly", enabled: true }], [...sweeps, nightly(true)], "ok"],
    ["a schedule that rests, as it should", [{ name: "nightly", enabled: false }], [...sweeps, nightly(false)], "ok"],
    ["a schedule that somebody disabled", [{ name: "nightly", enabled: true }], [...sweeps, nightly(false)], "failed"],
    ["a schedule that somebody enabled", [{ name: "nightly", enabled: false }], [...sweeps, nightly(true)], "failed"],
    [
      "a sweep that somebody disabled",
      [],
      [...sweeps.slice(1), { description: "Invokes x", enabled: false }],
      "failed",
    ],
    ["a schedule that is missing", [{ name: "nightly", enabled: true }], sweeps, "failed"],
  ])("%s: %j with %j is %s", async (_, settings, schedules, verdict) => {
    expect((await found(checkSchedules({ settings, readSchedules: gives(schedules) })))[0]).toBe(verdict);
  });
});
