import * as z from "zod";
import { type CcdProtocolSettings, ccdProtocolSettings } from "#ccd-retrieval/language/ccd-protocol.ts";
import { environment, jsonVariable } from "#platform/lambda/environment.ts";

const protocolVariables = z.object({ CCD_PROTOCOL: jsonVariable(ccdProtocolSettings) });

/** How the CCD calls are made, by the stage's settings. */
export function ccdProtocolFromEnvironment(): CcdProtocolSettings {
  return environment(protocolVariables).CCD_PROTOCOL;
}
