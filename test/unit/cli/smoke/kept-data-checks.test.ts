import { describe, expect, it } from "vitest";
import { checkBackups, checkLock, checkReads, checkReplication } from "#cli/smoke/kept-data-checks.ts";
import type { Finding } from "#platform/findings/findings.ts";

const gives =
  <Value>(value: Value) =>
  () =>
    Promise.resolve(value);

const absent = () => Promise.reject(new Error("the local AWS has no CloudTrail"));

const now = () => Date.parse("2026-11-20T12:00:00Z");

const made = (time: string) => new Date(time);

/** The verdict. Whatever is not ok says what to do. */
async function verdictOf(check: () => Promise<Finding>): Promise<string> {
  const { verdict, action } = await check();
  expect(action === undefined).toBe(verdict === "ok");
  return verdict;
}

describe("checkLock", () => {
  const governance = { mode: "GOVERNANCE", days: 2192 };

  it.each([
    [governance, governance, "ok"],
    [undefined, undefined, "ok"],
    [governance, undefined, "failed"],
    [undefined, governance, "failed"],
    [governance, { ...governance, mode: "COMPLIANCE" }, "failed"],
    [governance, { ...governance, days: 1 }, "failed"],
  ])("%j in the settings and %j on the bucket is %s", async (wanted, found, verdict) => {
    expect(await verdictOf(checkLock({ bucket: "audit", wanted, readLock: gives(found) }))).toBe(verdict);
  });
});

describe("checkReads", () => {
  it.each([
    [true, { logging: true, error: undefined }, "ok"],
    [true, { logging: true, error: "AccessDenied" }, "failed"],
    [true, { logging: false, error: undefined }, "failed"],
    [true, undefined, "failed"],
  ])("a trail that is wanted (%s) and is %j is %s", async (wanted, trail, verdict) => {
    expect(await verdictOf(checkReads({ trail: "reads", wanted, readTrail: gives(trail) }))).toBe(verdict);
  });

  it("a trail that the settings do not want is not read", async () => {
    expect(await verdictOf(checkReads({ trail: "reads", wanted: false, readTrail: absent }))).toBe("ok");
  });
});

describe("checkBackups", () => {
  it.each([
    ["daily", made("2026-11-20T03:30:00Z"), "ok"],
    ["daily", made("2026-11-18T12:00:00Z"), "ok"],
    ["daily", made("2026-11-18T11:59:59Z"), "failed"],
    ["weekly", made("2026-11-11T12:00:00Z"), "ok"],
    ["weekly", made("2026-11-11T11:59:59Z"), "failed"],
    ["daily", undefined, "warning"],
    [undefined, undefined, "ok"],
  ] as const)("with %s backups, the newest of %s is %s", async (frequency, newest, verdict) => {
    const check = checkBackups({ vault: "vault", frequency, readNewestBackup: gives(newest), now });
    expect(await verdictOf(check)).toBe(verdict);
  });
});

describe("checkReplication", () => {
  const wanted = [{ bucket: "audit", copies: "arn:aws:s3:::copies" }];

  it.each([
    [wanted, ["arn:aws:s3:::copies"], "ok"],
    [wanted, [], "failed"],
    [wanted, ["arn:aws:s3:::others"], "failed"],
    [[], [], "ok"],
  ])("%j with copies to %j is %s", async (some, destinations, verdict) => {
    const check = checkReplication({ wanted: some, readDestinations: gives(destinations) });
    expect(await verdictOf(check)).toBe(verdict);
  });
});
