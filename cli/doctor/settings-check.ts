import { kmsKeySpecs } from "#infra/settings/client-keys.ts";
import type { StageSettings } from "#infra/settings.ts";
import { type Finding, failed, ok } from "#platform/findings/findings.ts";
import { firstOf } from "../checks/findings.ts";

/** A deployed Lambda function. */
export interface DeployedFunction {
  name: string;
  variables: Readonly<Record<string, string>>;
}

export interface SettingsPorts {
  stage: string;
  settings: StageSettings;
  readFunctions: () => Promise<readonly DeployedFunction[]>;
}

/** The settings that functions get as environment variables: the name of the setting, and the variable's value if it is set. */
export function settingVariables({
  integra,
  smart,
  clientKey,
  api,
}: StageSettings): Record<string, { setting: string; value: string | undefined }> {
  const { kms, algorithm } = clientKey;
  return {
    INTEGRA_BASE_URL: { setting: "integra.baseUrl", value: integra.baseUrl },
    INTEGRA_TOKEN_URL: { setting: "integra.tokenUrl", value: integra.tokenUrl },
    INTEGRA_EXPORT_URL: { setting: "integra.exportUrl", value: integra.exportUrl },
    INTEGRA_AUDIENCE: { setting: "integra.audience", value: integra.audience },
    INTEGRA_USER_TOKEN_URL: { setting: "integra.userTokenUrl", value: integra.userTokenUrl },
    INTEGRA_FHIR_URL: { setting: "integra.fhirUrl", value: integra.fhirUrl },
    INTEGRA_PATIENT_SEARCH_PATHS: { setting: "integra.patientSearchPaths", value: json(integra.patientSearchPaths) },
    INTEGRA_US_CORE_PATHS: { setting: "integra.usCorePaths", value: json(integra.usCorePaths) },
    INTEGRA_CCD_REQUEST_URL: { setting: "integra.ccdRequestUrl", value: integra.ccdRequestUrl },
    INTEGRA_CCD_NONCE_URL: { setting: "integra.ccdNonceUrl", value: integra.ccdNonceUrl },
    INTEGRA_CCD_DOWNLOAD_URL: { setting: "integra.ccdDownloadUrl", value: integra.ccdDownloadUrl },
    INTEGRA_FILE_ORIGINS: { setting: "integra.fileOrigins", value: list(integra.fileOrigins) },
    INTEGRA_AUTHORIZATION_ORIGINS: {
      setting: "smart.authorizationOrigins",
      value: list(smart.authorizationOrigins),
    },
    SMART: { setting: "smart", value: JSON.stringify(smart) },
    SERVICE_SESSION: { setting: "api.serviceSession", value: String(api.serviceSession) },
    NEW_KEY_ALGORITHM: {
      setting: "clientKey.algorithm",
      value: kms === undefined ? algorithm : kmsKeySpecs[kms.spec],
    },
  };
}

const json = (value: object | undefined): string | undefined => value && JSON.stringify(value);
const list = (values: readonly string[]): string | undefined =>
  values.length > 0 ? JSON.stringify(values) : undefined;

/** The functions are deployed with the settings of identity and of the server that the other checks use. */
export const checkSettings =
  ({ stage, settings, readFunctions }: SettingsPorts) =>
  async (): Promise<Finding> => {
    const functions = await readFunctions();
    const differing = Object.entries(settingVariables(settings)).flatMap(([variable, { setting, value }]) => {
      const deployed = functions.flatMap(({ variables }) => variables[variable] ?? []);
      const fits =
        value === undefined ? deployed.length === 0 : deployed.length > 0 && deployed.every((one) => one === value);
      return fits ? [] : [setting];
    });
    if (differing.length > 0)
      return failed(
        `the stage is deployed with other settings than cdk.json has: ${firstOf(differing)}`,
        `deploy again (npx cdk deploy --all -c stage=${stage}), or name what you deployed with by --overrides`,
      );
    return ok(`${functions.length} functions are deployed with the settings of cdk.json`);
  };
