import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { integraServer, onServerOrigin } from "#integra/integra-server.ts";

const vendor = "https://portal.minerva.integracloud.com";

describe("the server's endpoints", () => {
  it.each([`${vendor}/`, vendor])("follow the vendor's paths below the base URL %s", (baseUrl) => {
    const server = integraServer({ baseUrl });
    expect(server.tokenUrl.href).toBe(`${vendor}/integra/fhir/oauth2/token?provider=idx`);
    expect(server.audience).toBe(server.tokenUrl.href);
    expect(server.exportUrl.href).toBe(`${vendor}/integra/fhir-export/r4/bulkExport/`);
    expect([...server.tokenOrigins]).toEqual([vendor]);
    expect([...server.fileOrigins]).toEqual([vendor]);
  });

  it("can be another server's, each by a setting", () => {
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

  it("have the token URL as it was written for their audience", () => {
    const tokenUrl = "https://auth.example:443/token?provider=idx";
    expect(integraServer({ baseUrl: vendor, tokenUrl }).audience).toBe(tokenUrl);
  });
});

describe("a URL that the server gives", () => {
  const server = integraServer({ baseUrl: vendor });
  const base = new URL("/integra/x", vendor);

  it("may be relative, and stays on the server", () => {
    expect(onServerOrigin(server, "/jobs/7", base, "it").href).toBe(`${vendor}/jobs/7`);
  });

  it.each([
    "https://elsewhere.example/",
    "http://portal.minerva.integracloud.com/",
    `${vendor}:8443/`,
    `${vendor}.evil.example/`,
    `https://portal.minerva.integracloud.com@evil.example/`,
  ])("is refused where it is %s", (reference) => {
    expect(() => onServerOrigin(server, reference, base, "the job's URL")).toThrow(/the job's URL/);
  });

  it("is on the server's own origin or refused, whatever it is", () => {
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
