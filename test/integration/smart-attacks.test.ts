import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiCaller, apiCaller } from "#local/api-caller.ts";
import { clientSettings } from "#local/local-bridge.ts";
import { beginSignIn, finishSignIn, signIn } from "#local/portal-sign-in.ts";
import type { IdTokenForm } from "#local/simulator/faults/smart-fault-schema.ts";
import { SmallBrowser, type View } from "#local/small-browser.ts";
import { clientAssertion } from "#platform/client-key/client-assertion.ts";
import { parseClientKeys } from "#platform/client-key/client-secret.ts";
import { signingKey } from "#platform/client-key/signing-key.ts";
import type { Launch } from "#user-session/language/link.ts";
import { linkRecords } from "#user-session/links/link-records.ts";
import { type BridgeUnderTest, bridgeUnderTest } from "../fixtures/bridge-under-test.ts";
import { iamUser } from "../fixtures/iam-user.ts";
import { postLink } from "../fixtures/link-calls.ts";
import { type SignedIn, smartLaunches, under } from "../fixtures/smart-launches.ts";

const clientId = "integra-bridge-smart";
const returnUrl = "https://portal.example/linked";

const parameterOf = ({ callback }: SignedIn, name: string): string => callback.location?.searchParams.get(name) ?? "";

/** Opens a changed callback in its browser, and sends its form if it has one. */
async function callBack({ browser, callback }: SignedIn, change: (query: URLSearchParams) => void): Promise<View> {
  const url = new URL(callback.location ?? "");
  change(url.searchParams);
  const page = await browser.open(url);
  return page.status === 200 ? await browser.submit(page) : page;
}

/** The SMART client of this stage authenticates with private_key_jwt, at the exchange, at each refresh and at revocation. */
describe("attacks on SMART launches", () => {
  let test: BridgeUnderTest;
  let launches: ReturnType<typeof smartLaunches>;
  let other: ApiCaller;

  beforeAll(async () => {
    test = await bridgeUnderTest({
      smartAuthMethod: "private_key_jwt",
      simulator: { patients: 8 },
      settings: {
        smart: {
          scopes: ["openid", "fhirUser", "offline_access", "launch/patient", "patient/*.rs"],
          returnUrls: [returnUrl],
          ehrLaunches: [{ name: "simulator", caller: "arn:aws:iam::000000000000:user/other" }],
          privateKeyJwt: true,
        },
      },
    });
    launches = smartLaunches(test);
    other = apiCaller(test.bridge.outputs, await iamUser(test.bridge, "other", true));
  });

  afterAll(async () => {
    await test.stop();
  });

  /** Changes the newest launch of a link in the ledger: the test's clock. */
  async function changeLaunch(linkId: string, change: (launch: Launch) => Launch): Promise<void> {
    const dynamo = DynamoDBDocumentClient.from(new DynamoDBClient(clientSettings(test.bridge.aws)));
    const records = linkRecords(dynamo, test.bridge.outputs.ledgerTableName);
    const stored = await records.find(linkId);
    if (stored === undefined) throw new Error(`there is no ${linkId}`);
    await records.replace(stored, { ...stored.record, launch: change(stored.record.launch) });
  }

  interface Attack {
    /** What the attacker does with a victim's sign-in that has come to its callback. */
    attack: (victim: SignedIn) => Promise<View>;
    /** What the browser shows. */
    shows: [status: number, title: string];
    /** The state of the victim's link afterward, and its reason. */
    leaves: [state: string, reason: string | null];
    /** How many requests reach the token endpoint. */
    exchanges: number;
  }

  const untouched = { leaves: ["pending", null], exchanges: 0 } as const satisfies Partial<Attack>;
  const malformed = {
    shows: [400, "This sign-in cannot be finished"],
    ...untouched,
  } as const satisfies Partial<Attack>;
  const otherServer = {
    shows: [400, "This answer came from another server"],
    ...untouched,
  } as const satisfies Partial<Attack>;
  const failed = [200, "The connection failed"] as [number, string];

  const callbackAttacks: Record<string, Attack> = {
    "a replayed state": {
      attack: async ({ browser, callback }) => {
        const page = await browser.follow(callback);
        const cookies = new Map(browser.cookies.get(page.url.origin));
        await browser.submit(page);
        browser.cookies.set(page.url.origin, cookies);
        return await browser.submit(page);
      },
      shows: [409, "This sign-in has already ended"],
      leaves: ["linked", null],
      exchanges: 1,
    },
    "a replayed code": {
      attack: async (victim) => {
        const attacker = await launches.upToCallback();
        await finishSignIn(attacker.browser, attacker.callback);
        return await callBack(victim, (query) => query.set("code", parameterOf(attacker, "code")));
      },
      shows: failed,
      leaves: ["failed", "code-refused"],
      exchanges: 2,
    },
    "the code of another login": {
      attack: async (victim) => {
        const attacker = await launches.upToCallback("gus");
        return await callBack(victim, (query) => query.set("code", parameterOf(attacker, "code")));
      },
      shows: failed,
      leaves: ["failed", "code-refused"],
      exchanges: 1,
    },
    "an attacker's callback, opened by the victim": {
      attack: async ({ browser }) => {
        const attacker = await launches.upToCallback("gus");
        return await finishSignIn(browser, attacker.callback);
      },
      shows: [400, "This browser did not begin the sign-in"],
      ...untouched,
    },
    "the victim's callback, opened by an attacker": {
      attack: ({ callback }) => finishSignIn(new SmallBrowser(), callback),
      shows: [400, "This browser did not begin the sign-in"],
      ...untouched,
    },
    "a state that nobody has": {
      attack: (victim) => callBack(victim, (query) => query.set("state", `link-${"0".repeat(32)}.x`)),
      shows: [400, "This sign-in is not known"],
      ...untouched,
    },
    "a mixed-up server that names itself": {
      attack: (victim) => callBack(victim, (query) => query.set("iss", "https://attacker.example")),
      ...otherServer,
    },
    "a mixed-up server that hides its name": {
      attack: (victim) => callBack(victim, (query) => query.delete("iss")),
      ...otherServer,
    },
    "two codes": { attack: (victim) => callBack(victim, (query) => query.append("code", "x")), ...malformed },
    "two states": { attack: (victim) => callBack(victim, (query) => query.append("state", "x")), ...malformed },
    "two issuers": { attack: (victim) => callBack(victim, (query) => query.append("iss", "x")), ...malformed },
    "a code and an error": {
      attack: (victim) => callBack(victim, (query) => query.set("error", "access_denied")),
      ...malformed,
    },
    "an expired login": {
      attack: async ({ browser, callback, link }) => {
        await changeLaunch(link.id, (launch) => ({
          ...launch,
          login: launch.login && { ...launch.login, until: Date.now() - 1 },
        }));
        return await finishSignIn(browser, callback);
      },
      shows: [410, "This sign-in took too long"],
      leaves: ["expired", null],
      exchanges: 0,
    },
  };

  it.each(Object.entries(callbackAttacks))("%s is refused", async (_, { attack, shows, leaves, exchanges }) => {
    const victim = await launches.upToCallback();
    const before = launches.exchanges();
    const view = await attack(victim);
    expect([view.status, view.title]).toEqual(shows);
    expect(launches.exchanges() - before).toBe(exchanges);
    const { state, reason } = await launches.readLink(victim.link.id);
    expect([state, reason]).toEqual(leaves);
  });

  const forged: IdTokenForm[] = [
    "bad-signature",
    "alg-none",
    "hs256",
    "unknown-kid",
    "foreign-issuer",
    "wrong-audience",
    "no-audience",
    "wrong-azp",
    "wrong-nonce",
    "no-nonce",
    "no-subject",
    "expired",
    "no-expiry",
    "not-yet-valid",
    "not-a-jwt",
  ];

  it.each(forged)("an id_token with the fault %s links nobody", async (form) => {
    const { browser, callback, link } = await launches.upToCallback();
    test.simulator.faults.script("user-token", [{ kind: "altered-id-token", form }]);
    expect((await finishSignIn(browser, callback)).title).toBe("The connection failed");
    expect(await launches.readLink(link.id)).toMatchObject({ state: "failed", reason: "identity-unproven" });
  });

  it("two logins of one browser do not disturb each other", async () => {
    const browser = new SmallBrowser();
    const [one, two] = [await launches.newLink(), await launches.newLink()];
    const [first, second] = [await beginSignIn(browser, one.url), await beginSignIn(browser, two.url)];
    const callbackOfTwo = await signIn(browser, second, { user: "gus", patient: launches.patientId(2) });
    const callbackOfOne = await signIn(browser, first, { user: "pat" });
    for (const callback of [callbackOfOne, callbackOfTwo])
      expect((await finishSignIn(browser, callback)).title).toBe("You are connected");
    expect((await launches.readLink(one.id)).patient).toBe(launches.patientId(0));
    expect((await launches.readLink(two.id)).patient).toBe(launches.patientId(2));
  });

  describe("PKCE", () => {
    it("cannot be stripped from the authorization request: the server refuses, and the link says so", async () => {
      const browser = new SmallBrowser();
      const link = await launches.newLink();
      const begun = await browser.submit(await browser.open(link.url));
      const url = new URL(begun.location ?? "");
      for (const name of ["code_challenge", "code_challenge_method"]) url.searchParams.delete(name);
      const end = await finishSignIn(browser, await browser.open(url));
      expect(end.title).toBe("The connection failed");
      expect(await launches.readLink(link.id)).toMatchObject({ state: "failed", reason: "authorization-refused" });
    });

    it("keeps a stolen code useless, even with the client's own key", async () => {
      const victim = await launches.upToCallback();
      const tokenUrl = `${test.simulator.baseUrl}integra/Oauth2/oauth2Login?provider=idx`;
      const { current } = parseClientKeys(JSON.stringify(test.secret));
      const signing = signingKey(current, { sign: () => Promise.reject(new Error("the key is not in KMS")) });
      const body = new URLSearchParams({
        grant_type: "authorization_code",
        code: parameterOf(victim, "code"),
        redirect_uri: `${test.bridge.outputs.apiUrl}/smart/callback`,
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: await clientAssertion({ clientId, signing }, tokenUrl, Date.now()),
      });
      const answer = await fetch(tokenUrl, { method: "POST", body });
      expect([answer.status, await answer.json()]).toMatchObject([400, { error: "invalid_grant" }]);
    });

    it("is a condition of a server that names its methods: without S256 nothing begins, and nothing is spent", async () => {
      test.simulator.faults.script("smart-configuration", [{ kind: "odd-discovery", change: "plain-pkce" }]);
      const browser = new SmallBrowser();
      const link = await launches.newLink();
      const refused = await browser.submit(await browser.open(link.url));
      expect([refused.status, refused.title]).toEqual([502, "The sign-in cannot begin"]);
      expect((await beginSignIn(browser, link.url)).title).toBe("Sign in");
    });
  });

  it("an expired link begins nothing", async () => {
    const link = await launches.newLink();
    const browser = new SmallBrowser();
    const page = await browser.open(link.url);
    await changeLaunch(link.id, (launch) => ({ ...launch, expiresAt: Date.now() - 1 }));
    for (const view of [await browser.submit(page), await browser.open(link.url)])
      expect([view.status, view.title]).toEqual([410, "This link has expired"]);
    expect(browser.cookies.get(page.url.origin)?.size).toBe(0);
  });

  it("an expired code is refused", async () => {
    const { browser, callback, link } = await launches.upToCallback();
    test.simulator.advanceClock(61);
    const end = await finishSignIn(browser, callback);
    test.simulator.advanceClock(-61);
    expect(end.title).toBe("The connection failed");
    expect(await launches.readLink(link.id)).toMatchObject({ state: "failed", reason: "code-refused" });
  });

  it.each(["https://evil.example/", `${returnUrl}/`, `${returnUrl}?x=1`, "https://portal.example@evil.example/linked"])(
    "the return URL %s is refused: nobody is sent to it",
    async (wrong) => {
      expect((await postLink(launches.caller, { returnUrl: wrong })).status).toBe(400);
    },
  );

  it("a link looks to another caller like one that does not exist", async () => {
    const { link } = await launches.linkUser("pat");
    const of = (path: string, init = {}) => other.send(path, init);
    const body = JSON.stringify({ patientId: launches.patientId(0), link: link.id });
    const answers = [
      await of(`/links/${link.id}`),
      await of(`/links/${link.id}`, { method: "DELETE" }),
      await postLink(other, { reconnect: link.id }),
      await of(`/fhir/Patient/${launches.patientId(0)}`, under(link.id)),
      await of("/ccd-requests", { method: "POST", body }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
    expect((await launches.readLink(link.id)).state).toBe("linked");
  });

  it("an attacker's link tells the victim who gets the access, and does nothing by being opened", async () => {
    const link = await launches.newLink();
    const victim = new SmallBrowser();
    const page = await victim.open(link.url);
    expect(page.html).toContain("whoever sent you this link gets the access");
    expect(victim.cookies.get(page.url.origin)?.size).toBe(0);
    expect((await launches.readLink(link.id)).state).toBe("pending");
  });

  it("HTML in a callback is shown as text nowhere", async () => {
    const { browser, callback } = await launches.upToCallback();
    const url = new URL(callback.location ?? "");
    url.searchParams.set("code", '"><script>alert(1)</script>');
    expect((await browser.open(url)).html).not.toContain("<script>alert");
    url.searchParams.delete("code");
    url.searchParams.set("error", "<img src=x>");
    url.searchParams.set("error_description", "call 0900-EVIL");
    expect((await browser.open(url)).html).not.toMatch(/<img|0900/);
  });

  it("nothing of a link is read by guessing its token", async () => {
    const { id } = await launches.newLink();
    for (const token of [id, `${id}.`, `${id}.x`, "x", `${id}.${"A".repeat(43)}`]) {
      const page = await new SmallBrowser().open(`${test.bridge.outputs.apiUrl}/connect/${token}`);
      expect([page.status, page.title]).toEqual([404, "This link is not valid"]);
    }
  });
});
