import * as z from "zod";
import { type DocumentSettings, documentSettings } from "#ccd-retrieval/language/document-settings.ts";
import { environment, jsonVariable } from "#platform/lambda/environment.ts";

const documentVariables = z.object({ CCD_DOCUMENTS: jsonVariable(documentSettings) });

/** Which documents are taken, by the stage's settings. */
export function documentSettingsFromEnvironment(): DocumentSettings {
  return environment(documentVariables).CCD_DOCUMENTS;
}
