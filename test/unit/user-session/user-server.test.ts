import { describe, expect, it } from "vitest";
import { userServer } from "#user-session/user-server.ts";

const guide = "https://portal.minerva.integracloud.com";

describe("the endpoints of a user's session", () => {
  it("are the guide's under its base URL", () => {
    const server = userServer({ baseUrl: `${guide}/` });
    expect(server.tokenUrl.href).toBe(`${guide}/integra/Oauth2/oauth2Login?provider=idx`);
    expect(server.fhirUrl.href).toBe(`${guide}/integra/fhir/r4/`);
    expect(server.patientSearchPaths).toEqual({ r4: "Patient", "us-core": "us-core/patient" });
    expect(server.ccd.requestUrl.href).toBe(`${guide}/integra/MoBulkExport/createBulkExportRequest`);
    expect(server.ccd.nonceUrl.href).toBe(`${guide}/integra/moNonce/generateNonceToken`);
    expect(server.ccd.downloadUrl.href).toBe(`${guide}/integra/MoBulkDownload/bulkDownload`);
    expect([...server.tokenOrigins]).toEqual([guide]);
    expect([...server.fileOrigins]).toEqual([guide]);
  });

  it("are below a base URL with a path, with or without its slash", () => {
    for (const baseUrl of ["https://gateway.example/ic", "https://gateway.example/ic/"])
      expect(userServer({ baseUrl }).fhirUrl.href).toBe("https://gateway.example/ic/integra/fhir/r4/");
  });

  it("are the stage's own where it sets them, and their origins get the token; the token endpoint's does not", () => {
    const server = userServer({
      baseUrl: guide,
      tokenUrl: "https://idm.example/token",
      fhirUrl: "https://fhir.example/r4",
      patientSearchPaths: { "us-core": "us-core/Patient" },
      ccdRequestUrl: "https://ccd.example/create",
      ccdNonceUrl: "https://ccd.example/nonce",
      ccdDownloadUrl: "https://files.example/download",
      fileOrigins: ["https://s3.example/bucket"],
    });
    expect(server.tokenUrl.href).toBe("https://idm.example/token");
    expect(server.fhirUrl.href).toBe("https://fhir.example/r4/");
    expect(server.patientSearchPaths).toEqual({ r4: "Patient", "us-core": "us-core/Patient" });
    const origins = ["https://fhir.example", "https://ccd.example", "https://files.example"];
    expect([...server.tokenOrigins]).toEqual(origins);
    expect([...server.fileOrigins]).toEqual([...origins, "https://s3.example"]);
    expect([...server.privateOrigins]).toEqual([...origins, "https://idm.example"]);
  });
});
