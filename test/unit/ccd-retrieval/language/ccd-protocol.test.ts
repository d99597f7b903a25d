import { describe, expect, it } from "vitest";
import { ccdProtocolSettings } from "#ccd-retrieval/language/ccd-protocol.ts";

describe("ccdProtocolSettings", () => {
  it("the settings of the CCD calls have defaults", () => {
    expect(ccdProtocolSettings.parse(undefined)).toMatchObject({
      apiInfo: "V1",
      actionName: "ENCOUNTER_EXPORT",
      token: "raw",
      pendingElsewhereCodes: ["BEDR01"],
    });
  });

  it("each setting of the CCD calls can be set on its own", () => {
    const settings = ccdProtocolSettings.parse({ device: { os: "Amazon Linux" }, notReady: { anyNotFound: true } });
    expect(settings.device).toMatchObject({ os: "Amazon Linux", brand: "integra-bridge" });
    expect(settings.notReady).toMatchObject({ anyNotFound: true, emptyZips: 6 });
  });

  it.each([
    ["an unknown setting", { nonce: "x" }],
    ["a header with a line break", { device: { os: "Linux\r\nx-auth-token: y" } }],
    ["an empty header", { apiInfo: "" }],
    ["a header that is not ASCII", { device: { brand: "Brücke" } }],
  ])("%s is refused as a setting of the CCD calls", (_, settings) => {
    expect(ccdProtocolSettings.safeParse(settings).success).toBe(false);
  });
});
