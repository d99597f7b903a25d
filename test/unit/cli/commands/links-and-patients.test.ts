import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CommandLine, commandLine, jsonOf } from "../../../fixtures/command-line.ts";

const linkId = `link-${"b".repeat(32)}`;
const link = {
  id: linkId,
  state: "pending",
  reason: null,
  message: null,
  launch: "standalone",
  reference: "user-17",
  patient: null,
  scope: null,
  createdAt: "2026-03-01T12:00:00.000Z",
  linkedAt: null,
  expiresAt: "2026-03-01T12:30:00.000Z",
  atServer: null,
  earlierSession: null,
};
const patient = (id: string) => ({
  resource: { resourceType: "Patient", id, name: [{ given: ["Ada"], family: `\u001b[31m${id}` }], gender: "female" },
});
const bundle = (entry: object[], next?: string) => ({
  resourceType: "Bundle",
  entry,
  link: next === undefined ? [] : [{ relation: "next", url: next }],
});

let cli: CommandLine;
beforeEach(async () => {
  cli = await commandLine();
});
afterEach(() => cli.stop());

describe("integra links", () => {
  it("create sends what the options say, and prints the url that the user opens", async () => {
    cli.answer("POST /links", { status: 201, body: { ...link, url: "https://api.example/connect/token" } });
    const args = ["links", "create", "--reference", "user-17", "--scope", "openid", "offline_access"];
    const { code, output } = await cli.run(args);
    expect(JSON.parse(cli.calls[0]?.body ?? "")).toEqual({
      launch: "standalone",
      reference: "user-17",
      scopes: ["openid", "offline_access"],
    });
    expect([code, output]).toEqual([0, expect.stringContaining("https://api.example/connect/token")]);
  });

  it("list, show and remove use the routes of links", async () => {
    cli.answer("GET /links", { body: { links: [link] } });
    cli.answer(`GET /links/${linkId}`, { body: link });
    cli.answer(`DELETE /links/${linkId}`, { body: { id: linkId, atServer: "revoked" } });
    expect(jsonOf(await cli.run(["links", "list", "--json"]))).toEqual({ links: [link], complete: true });
    expect(jsonOf(await cli.run(["links", "show", linkId, "--json"]))).toEqual(link);
    expect((await cli.run(["links", "remove", linkId])).output).toContain("revoked");
  });

  it("an id that is none is refused before any call", async () => {
    const { code, errors } = await cli.run(["links", "show", "17"]);
    expect([code, errors, cli.calls]).toEqual([64, expect.stringContaining("<linkId>"), []]);
  });
});

describe("integra patients find", () => {
  it("searches without demographics in the URL, follows the pages, and prints no escape sequence of a server", async () => {
    cli.answer("POST /fhir/Patient/_search", { body: bundle([patient("p1")], `${cli.url}/fhir/Patient?_cursor=c`) });
    cli.answer("GET /fhir/Patient", { body: bundle([patient("p2"), { resource: { resourceType: "Basic" } }]) });
    const input = '{"family":"Nichols","birthdate":"1996-07-08"}';
    const { code, output } = await cli.run(["patients", "find", "--link", linkId], { input });
    expect(code).toBe(0);
    expect(cli.calls[0]).toMatchObject({ body: "family=Nichols&birthdate=1996-07-08", query: "" });
    expect(cli.calls.map(({ headers }) => headers["integra-link"])).toEqual([linkId, linkId]);
    expect(output).toContain("p2  Ada  [31mp2");
    expect(output).not.toContain("\u001b");
  });

  it("says that more patients match than it shows", async () => {
    const many = Array.from({ length: 101 }, (_, index) => patient(`p${index}`));
    cli.answer("POST /fhir/Patient/_search", { body: bundle(many) });
    const answer = await cli.run(["patients", "find", "--json"], { input: '{"family":"Nichols"}' });
    expect(jsonOf(answer)).toMatchObject({ complete: false, patients: { length: 100 } });
  });
});
