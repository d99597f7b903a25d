import { describe, expect, it } from "vitest";
import { checkLinks, checkServiceSession, type ExaminedLink, mostLinks } from "#cli/doctor/sessions-check.ts";
import type { SessionRefusal } from "#user-session/language/session-faults.ts";
import type { SessionRecord } from "#user-session/language/user-session.ts";

const now = Date.UTC(2027, 0, 1);
const minute = 60_000;

const alive: SessionRecord = {
  seedDigest: "digest",
  secretPutAt: now - 60 * minute,
  generation: 3,
  refreshToken: "hidden-refresh",
  access: { token: "hidden-access", issuedAt: now - 5 * minute, renewAt: now + 5 * minute },
  claim: undefined,
  attempts: 0,
  retryAt: undefined,
  end: undefined,
};
const ended = (refusal: SessionRefusal): SessionRecord => ({
  ...alive,
  access: undefined,
  end: { at: now - minute, refusal, message: "words", published: true },
});

const sessionFinding = async (session: SessionRecord | undefined, serviceSession = true) => {
  const ports = { stage: "prod", serviceSession, readServiceSession: () => Promise.resolve(session), now: () => now };
  const finding = await checkServiceSession(ports)();
  expect(JSON.stringify(finding)).not.toContain("hidden");
  return finding;
};

describe("the check of the stage's own session", () => {
  it("says when a session that lives was last refreshed", async () => {
    expect(await sessionFinding(alive)).toEqual({
      verdict: "ok",
      seen: "the stage's own session lives, and was last refreshed 2026-12-31T23:55:00.000Z",
    });
    expect((await sessionFinding(undefined)).seen).toContain("has not been used yet");
    expect((await sessionFinding({ ...alive, access: undefined })).seen).toContain("has no access token yet");
  });

  it("warns if refresh after refresh had no result", async () => {
    expect((await sessionFinding({ ...alive, attempts: 4, retryAt: now + minute })).verdict).toBe("ok");
    expect(await sessionFinding({ ...alive, attempts: 5, retryAt: now + minute })).toMatchObject({
      verdict: "warning",
      seen: expect.stringContaining(
        "5 refreshes since then had no result. The next one is due 2027-01-01T00:01",
      ) as string,
    });
  });

  it.each([
    ["grant-refused", true, "failed", "npm run session -- add --stage prod"],
    ["client-refused", true, "failed", "correct the client in integra-bridge/prod/user-session"],
    ["grant-refused", false, "warning", "npm run session -- add --stage prod"],
  ] as const)("a session that ended as %s, needed %s, is %s", async (refusal, needed, verdict, action) => {
    const finding = await sessionFinding(ended(refusal), needed);
    expect(finding).toMatchObject({ verdict, action: expect.stringContaining(action) as string });
  });
});

const linkFindings = async (links: ExaminedLink[]) => {
  const findings = await checkLinks({ readLinks: () => Promise.resolve(links), now: () => now })();
  expect(JSON.stringify(findings)).not.toContain("hidden");
  return findings;
};

const linkOf = (number: number, linked: boolean): ExaminedLink["link"] => ({
  linkId: `link-${String(number).padStart(32, "0")}`,
  caller: "arn:aws:iam::111122223333:user/app",
  givenUp: [],
  removal: null,
  reference: "hidden-reference",
  createdAt: now - 90 * minute,
  launch: {
    kind: "standalone",
    scopes: ["openid"],
    returnUrl: null,
    tokenDigest: null,
    callDigest: null,
    createdAt: now - 90 * minute,
    expiresAt: now - 60 * minute,
    login: null,
    end: linked ? { state: "linked", at: now - 80 * minute } : null,
    published: true,
  },
  linked: linked
    ? {
        sessionId: `link-${number}.s`,
        issuer: "https://portal.example",
        subject: "hidden-subject",
        patient: "hidden-patient",
        scope: null,
        tokenUrl: "https://portal.example/token",
        revocationUrl: null,
        linkedAt: now - 80 * minute,
      }
    : null,
});

describe("the check of links", () => {
  it("counts links by their state, and says when a session was last refreshed", async () => {
    expect(
      await linkFindings([
        { link: linkOf(1, true), session: alive },
        { link: linkOf(2, true), session: alive },
        { link: linkOf(3, false), session: undefined },
      ]),
    ).toEqual([{ verdict: "ok", seen: "3 links: 2 linked, 1 expired. The last refresh was 2026-12-31T23:55:00.000Z" }]);
    expect(await linkFindings([])).toEqual([{ verdict: "ok", seen: "there are no links" }]);
  });

  it("names the links whose users must connect again, and a client that the server refuses", async () => {
    const [, ...findings] = await linkFindings([
      { link: linkOf(1, true), session: ended("grant-refused") },
      { link: linkOf(2, true), session: ended("client-refused") },
      { link: linkOf(3, true), session: undefined },
    ]);
    expect(findings).toMatchObject([
      { verdict: "failed", seen: expect.stringContaining(linkOf(2, true).linkId) as string },
      { verdict: "warning", seen: expect.stringContaining(linkOf(1, true).linkId) as string },
      { verdict: "warning", seen: expect.stringContaining(linkOf(3, true).linkId) as string },
    ]);
    const actions = findings.map(({ action }) => action);
    expect(actions[0]).toContain("add-client");
    expect(actions.map((action) => action?.includes('"reconnect"'))).toEqual([false, true, true]);
  });

  it("says that further links were not examined", async () => {
    const many = Array.from({ length: mostLinks }, (_, number) => ({ link: linkOf(number, true), session: alive }));
    expect((await linkFindings(many))[0]?.seen).toContain("further ones were not examined");
  });
});
