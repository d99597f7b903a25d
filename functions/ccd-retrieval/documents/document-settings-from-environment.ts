import * as z from "zod";
import { type DocumentSettings, documentSettings } from "#ccd-retrieval/language/document-settings.ts";
import { environment, jsonVariable } from "#platform/lambda/environment.ts";

const documentVariables = z.object({ CCD_DOCUMENTS: jsonVariable(documentSettings) });

/**
 * Which documents the bridge accepts, by the stage's settings (`CCD_DOCUMENTS`).
 * @throws Error if the environment lacks the variable
 */
export function documentSettingsFromEnvironment(): DocumentSettings {
  return environment(documentVariables).CCD_DOCUMENTS;
}
