import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Api } from "#console/src/api/client.ts";
import { under, usableLinks } from "#console/src/api/links.ts";
import { nextPatients, searchPatients } from "#console/src/api/patients.ts";
import { Session } from "#console/src/sign-in/session.ts";
import { linkHeader } from "#on-demand-api/language/call-headers.ts";

const apiUrl = "https://api.example.org";
const linkedAt = "2026-01-31T00:00:00Z";
const usable = (id: string) => ({ id, reference: "user-17", linkedAt, patient: null });

describe("the links that the console reads under", () => {
  let api: Api;
  let calls: [url: string, init: RequestInit][];

  beforeEach(() => {
    const session = new Session(15);
    session.begin({ accessToken: "token", expiresAt: undefined, user: undefined });
    api = new Api(session, apiUrl);
    calls = [];
  });

  afterEach(() => vi.unstubAllGlobals());

  function answerWith(...bodies: object[]): void {
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
      calls.push([url, init]);
      return Promise.resolve(Response.json(bodies.shift()));
    });
  }

  it("are those of every page whose person has signed in", async () => {
    const states = ["linked", "pending", "ended", "revoked"];
    const links = states.map((state) => ({ ...usable(state), state, scope: "user/*.rs" }));
    answerWith({ links, next: `${apiUrl}/links?after=x` }, { links: [{ ...usable("older"), state: "linked" }] });
    expect(await usableLinks(api)).toEqual([usable("linked"), usable("older")]);
    expect(calls.map(([url]) => url)).toEqual(["/api/links", "/api/links?after=x"]);
  });

  it("are named by the header that the API reads, in a search and for its further matches", async () => {
    answerWith({ resourceType: "Bundle" }, { resourceType: "Bundle" });
    const demographics = { birthdate: "2001-01-01", gender: "male", family: "", given: "", phone: "1", email: "" };
    await searchPatients(api, demographics, usable("link-1"));
    await nextPatients(api, "/fhir/Patient?_cursor=x", usable("link-1"));
    expect(calls.map(([, { headers }]) => headers)).toEqual([
      { authorization: "Bearer token", [linkHeader]: "link-1" },
      { authorization: "Bearer token", [linkHeader]: "link-1" },
    ]);
  });

  it("are not named in the stage's own session", () => {
    expect(under(undefined)).toEqual({});
  });
});
