import * as z from "zod";
import { type CcdProtocolSettings, ccdProtocolSettings } from "#ccd-retrieval/language/ccd-protocol.ts";
import { environment, jsonVariable } from "#platform/lambda/environment.ts";

const protocolVariables = z.object({ CCD_PROTOCOL: jsonVariable(ccdProtocolSettings) });

/**
 * How the bridge makes the CCD calls, by the stage's settings (`CCD_PROTOCOL`).
 * @throws Error if the environment lacks the variable
 */
export function ccdProtocolFromEnvironment(): CcdProtocolSettings {
  return environment(protocolVariables).CCD_PROTOCOL;
}
