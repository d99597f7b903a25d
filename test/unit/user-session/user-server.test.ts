import { describe, expect, it } from "vitest";
import { userServer } from "#user-session/user-server.ts";

const guide = "https://portal.minerva.integracloud.com";

describe("the endpoints for a user session", () => {
  it("the endpoints without settings are the guide's, below the base URL", () => {
    const server = userServer({ baseUrl: `${guide}/` });
    expect(server.tokenUrl.href).toBe(`${guide}/integra/Oauth2/oauth2Login?provider=idx`);
    expect(server.fhirUrl.href).toBe(`${guide}/integra/fhir/r4/`);
    expect(server.patientSearchPaths).toEqual({ r4: "Patient", "us-core": "us-core/patient" });
    expect(server.usCorePaths).toEqual({ base: "us-core", spelling: "as-in-fhir" });
    expect(server.ccd.requestUrl.href).toBe(`${guide}/integra/MoBulkExport/createBulkExportRequest`);
    expect(server.ccd.nonceUrl.href).toBe(`${guide}/integra/moNonce/generateNonceToken`);
    expect(server.ccd.downloadUrl.href).toBe(`${guide}/integra/MoBulkDownload/bulkDownload`);
    expect([...server.tokenOrigins]).toEqual([guide]);
    expect([...server.fileOrigins]).toEqual([guide]);
  });

  it("a base URL may have a path, with or without a slash at its end", () => {
    for (const baseUrl of ["https://gateway.example/ic", "https://gateway.example/ic/"])
      expect(userServer({ baseUrl }).fhirUrl.href).toBe("https://gateway.example/ic/integra/fhir/r4/");
  });

  it("the audience of a sign-in is the FHIR base as the stage has it, with or without a slash at its end", () => {
    expect(userServer({ baseUrl: `${guide}/` }).audience).toBe(`${guide}/integra/fhir/r4`);
    for (const fhirUrl of ["https://fhir.example/r4", "https://fhir.example/r4/", "https://fhir.example"])
      expect(userServer({ baseUrl: guide, fhirUrl }).audience).toBe(fhirUrl);
  });

  it("the stage's settings replace the endpoints; their origins get the token, except the token endpoint's", () => {
    const server = userServer({
      baseUrl: guide,
      tokenUrl: "https://idm.example/token",
      fhirUrl: "https://fhir.example/r4",
      patientSearchPaths: { "us-core": "us-core/Patient" },
      usCorePaths: { spelling: "lower-case" },
      ccdRequestUrl: "https://ccd.example/create",
      ccdNonceUrl: "https://ccd.example/nonce",
      ccdDownloadUrl: "https://files.example/download",
      fileOrigins: ["https://s3.example/bucket"],
    });
    expect(server.tokenUrl.href).toBe("https://idm.example/token");
    expect(server.fhirUrl.href).toBe("https://fhir.example/r4/");
    expect(server.patientSearchPaths).toEqual({ r4: "Patient", "us-core": "us-core/Patient" });
    expect(server.usCorePaths).toEqual({ base: "us-core", spelling: "lower-case" });
    const origins = ["https://fhir.example", "https://ccd.example", "https://files.example"];
    expect([...server.tokenOrigins]).toEqual(origins);
    expect([...server.fileOrigins]).toEqual([...origins, "https://s3.example"]);
    expect([...server.privateOrigins]).toEqual([...origins, "https://idm.example"]);
  });
});
