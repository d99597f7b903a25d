import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { integraServer } from "#bulk-export/server/integra-server.ts";
import { isOfOrigin, onServerOrigin, placeOf } from "#platform/http/trusted-origins.ts";

const hex = (value: number): string => value.toString(16);

const vendor = "https://portal.minerva.integracloud.com";

describe("the server's endpoints", () => {
  it.each([`${vendor}/`, vendor])("the endpoints have the vendor's paths below the base URL %s", (baseUrl) => {
    const server = integraServer({ baseUrl });
    expect(server.tokenUrl.href).toBe(`${vendor}/integra/fhir/oauth2/token?provider=idx`);
    expect(server.audience).toBe(server.tokenUrl.href);
    expect(server.exportUrl.href).toBe(`${vendor}/integra/fhir-export/r4/bulkExport/`);
    expect([...server.tokenOrigins]).toEqual([vendor]);
    expect([...server.fileOrigins]).toEqual([vendor]);
  });

  it("each endpoint can be set", () => {
    const server = integraServer({
      baseUrl: "https://fhir.example/r4",
      tokenUrl: "https://auth.example/token",
      exportUrl: "https://bulk.example/fhir",
      audience: "https://auth.example",
      fileOrigins: ["https://files.example/any/path"],
    });
    expect(server.tokenUrl.href).toBe("https://auth.example/token");
    expect(server.audience).toBe("https://auth.example");
    expect(new URL("Patient/$export", server.exportUrl).href).toBe("https://bulk.example/fhir/Patient/$export");
    expect([...server.tokenOrigins]).toEqual(["https://fhir.example", "https://bulk.example"]);
    expect([...server.fileOrigins]).toEqual(["https://fhir.example", "https://bulk.example", "https://files.example"]);
  });

  it("the audience is the token URL as it is written in the settings", () => {
    const tokenUrl = "https://auth.example:443/token?provider=idx";
    expect(integraServer({ baseUrl: vendor, tokenUrl }).audience).toBe(tokenUrl);
  });
});

describe("a URL that the server gives", () => {
  const server = integraServer({ baseUrl: vendor });
  const base = new URL("/integra/x", vendor);

  it("a relative URL of the server is resolved against it", () => {
    expect(onServerOrigin(server, "/jobs/7", base, "it").href).toBe(`${vendor}/jobs/7`);
  });

  it.each([
    "https://elsewhere.example/",
    "http://portal.minerva.integracloud.com/",
    `${vendor}:8443/`,
    `${vendor}.evil.example/`,
    `https://portal.minerva.integracloud.com@evil.example/`,
    "https://user:pass@portal.minerva.integracloud.com/",
    `blob:${vendor}/jobs/7`,
  ])("the URL %s of the server is refused", (reference) => {
    expect(() => onServerOrigin(server, reference, base, "the job's URL")).toThrow(/the job's URL/);
  });

  it("any URL of the server is on its own origin or is refused", () => {
    const origins: string[] = [];
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          fc.webUrl().map((url) => url.replace("https:", "")),
        ),
        (reference) => {
          try {
            origins.push(onServerOrigin(server, reference, base, "it").origin);
          } catch (error) {
            if ((error as Error).name !== "OriginRefused") throw error;
          }
        },
      ),
    );
    expect(new Set(origins)).toEqual(new Set([vendor]));
  });
});

describe("the origins from which files may come", () => {
  const listed = "https://files.example";
  const { fileOrigins } = integraServer({ baseUrl: vendor, fileOrigins: [listed] });
  const allows = (text: string): boolean => {
    const url = URL.parse(text);
    return url !== null && isOfOrigin(fileOrigins, url);
  };

  it.each([
    `${vendor}/a?b#c`,
    "https://PORTAL.minerva.integracloud.com:443/a",
    "HTTPS:\\\\portal.minerva.integracloud.com/a",
    `${listed}/a`,
    "https://files%2Eexample/a",
  ])("%s has an allowed origin in another spelling", (url) => {
    expect(allows(url)).toBe(true);
  });

  const hosts = ["portal.minerva.integracloud.com", "files.example"];
  const host = fc.constantFrom(...hosts);
  const elsewhere = fc.oneof(
    fc.domain(),
    host.map((name) => `${name}.evil.example`),
    host.map((name) => `evil-${name}`),
    host.map((name) => `${name}.`),
    host.map((name) => name.replace(".", "")),
  );
  const octets = fc.constantFrom([127, 0, 0, 1], [169, 254, 169, 254], [10, 0, 0, 1], [192, 168, 0, 1], [0, 0, 0, 0]);
  const address = fc.tuple(octets, fc.nat({ max: 7 })).map(([[a = 0, b = 0, c = 0, d = 0], spelling]) => {
    const number = ((a * 256 + b) * 256 + c) * 256 + d;
    const spellings = [
      `${a}.${b}.${c}.${d}`,
      String(number),
      `0x${hex(number)}`,
      `0${number.toString(8)}`,
      `0x${hex(a)}.${b}.0${c.toString(8)}.${d}`,
      `${a}.${b}.${c * 256 + d}`,
      `[::ffff:${a}.${b}.${c}.${d}]`,
      `[::ffff:${hex(a * 256 + b)}:${hex(c * 256 + d)}]`,
    ];
    return spellings[spelling] ?? "";
  });
  const ipv6 = fc.oneof(
    fc.constantFrom("[::1]", "[::]", "[fe80::1]", "[fd00::1]"),
    fc.ipV6().map((text) => `[${text}]`),
  );
  const path = fc.constantFrom("", "/", "/x", "?x", "#x", "/@files.example", "\\x", `/?u=${vendor}`);
  const refused = fc.oneof(
    // Another host, by a name or an address.
    fc.tuple(fc.oneof(elsewhere, address, ipv6), path).map(([name, rest]) => `https://${name}${rest}`),
    // A user name, which may look like a host.
    fc
      .tuple(fc.oneof(host, fc.constantFrom("u", "u:p", ":p")), fc.oneof(host, elsewhere), path)
      .map(([user, name, rest]) => `https://${user}@${name}${rest}`),
    // Another port.
    fc
      .tuple(
        host,
        fc.integer({ min: 1, max: 65_535 }).filter((port) => port !== 443),
        path,
      )
      .map(([name, port, rest]) => `https://${name}:${port}${rest}`),
    // Another scheme.
    fc
      .tuple(fc.constantFrom("http", "ftp", "file", "data", "ws", "wss", "javascript", "blob:http", "blob:https"), host)
      .map(([scheme, name]) => `${scheme}://${name}/x`),
  );

  it("a URL with another scheme, host or port, with a user name, or with an address in any spelling is not allowed", () => {
    const spaced = fc.tuple(fc.constantFrom("", " ", "\n", "\t"), refused).map((parts) => parts.join(""));
    fc.assert(
      fc.property(spaced, (url) => {
        expect(allows(url)).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it("any allowed URL has the host of an allowed origin", () => {
    fc.assert(
      fc.property(fc.oneof(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.string()), (text) => {
        expect(allows(text) && !hosts.includes(new URL(text).hostname)).toBe(false);
      }),
    );
  });

  it("only the server's own origins and addresses from the settings may be private", () => {
    const server = integraServer({
      baseUrl: "https://fhir.example/r4",
      tokenUrl: "https://auth.example/token",
      exportUrl: "https://bulk.example/fhir",
      fileOrigins: ["https://files.example", "https://10.0.0.1:8443", "https://[fd00::1]", "http://localhost:1"],
    });
    expect([...server.privateOrigins]).toEqual([
      "https://fhir.example",
      "https://bulk.example",
      "https://auth.example",
      "https://10.0.0.1:8443",
      "https://[fd00::1]",
      "http://localhost:1",
    ]);
  });
});

describe("the place of a URL, for messages", () => {
  it.each([
    ["https://files.example/patient/17?token=1#x", "https://files.example"],
    ["https://jane:secret@files.example/a", "https://files.example with a user name"],
    ["file:///home/jane", "a file: URL"],
    ["data:text/plain,jane", "a data: URL"],
  ])("the place of %s in a message is %s", (url, place) => {
    expect(placeOf(new URL(url))).toBe(place);
  });
});
