import { describe, expect, it } from "vitest";
import { findSession } from "#on-demand-api/server/caller-session.ts";
import type { UserClient } from "#user-session/fhir-page.ts";
import { Browser, begin, callBack, createLink, linkIdOf, loginsInMemory } from "../../../fixtures/login-in-memory.ts";

const caller = "arn:aws:iam::1:user/portal";
const [service, linked] = [{ name: "service" }, { name: "linked" }] as unknown as UserClient[];

async function sessions(servesWithoutLink = true) {
  const logins = loginsInMemory();
  await createLink(logins, 1);
  await createLink(logins, 2);
  const browser = new Browser();
  await callBack(logins, browser, { state: await begin(logins, browser), code: "c" });
  const clients = { service: service as UserClient, ofLink: () => linked as UserClient };
  const find = findSession({ clients, links: logins.records, servesWithoutLink });
  const statusOf = (who: string, id?: string) =>
    find(who, id).then(
      () => 200,
      ({ status }: { status: number }) => status,
    );
  return { find, statusOf };
}

describe("the session of a call", () => {
  it("is the stage's own if the call names no link, or none if the setting says so", async () => {
    expect(await (await sessions()).find(caller, undefined)).toEqual({
      sessionId: "service",
      linkId: null,
      client: service,
      patient: null,
    });
    expect(await (await sessions(false)).statusOf(caller)).toBe(400);
  });

  it("is that of the caller's link, with its patient", async () => {
    const { find } = await sessions();
    expect(await find(caller, linkIdOf(1))).toMatchObject({ client: linked, patient: "123", linkId: linkIdOf(1) });
  });

  it("is none if the link is another caller's, unknown or not linked", async () => {
    const { statusOf } = await sessions();
    expect(await statusOf("arn:aws:iam::1:user/other", linkIdOf(1))).toBe(404);
    expect(await statusOf(caller, linkIdOf(9))).toBe(404);
    expect(await statusOf(caller, "x")).toBe(404);
    expect(await statusOf(caller, linkIdOf(2))).toBe(409);
  });
});
