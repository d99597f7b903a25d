import { type TrustedOrigins, trustedOrigins, withTrailingSlash } from "#platform/http/trusted-origins.ts";
import type { PatientSearchEndpoint, UsCorePaths } from "./language/user-endpoints.ts";

/** The server's endpoints for a user session. */
export interface UserServer extends TrustedOrigins {
  tokenUrl: URL;
  /** Ends with a slash: `Observation?patient=…` is resolved against it. */
  fhirUrl: URL;
  /** The FHIR base URL as it is configured: `aud` of a sign-in. Strict servers compare it character by character. */
  audience: string;
  /** The two patient searches of the guide, below `fhirUrl`. */
  patientSearchPaths: Record<PatientSearchEndpoint, string>;
  /** The paths of the US Core resources other than Patient, below `fhirUrl`. */
  usCorePaths: { [Name in keyof UsCorePaths]-?: NonNullable<UsCorePaths[Name]> };
  ccd: { requestUrl: URL; nonceUrl: URL; downloadUrl: URL };
  /** The origins on which sign-in may be: those of the FHIR base, of the token endpoint and of the setting `smart.authorizationOrigins`. */
  signInOrigins: ReadonlySet<string>;
}

export interface UserServerSettings {
  baseUrl: string;
  tokenUrl?: string | undefined;
  fhirUrl?: string | undefined;
  patientSearchPaths?: Partial<Record<PatientSearchEndpoint, string>> | undefined;
  usCorePaths?: UsCorePaths | undefined;
  ccdRequestUrl?: string | undefined;
  ccdNonceUrl?: string | undefined;
  ccdDownloadUrl?: string | undefined;
  fileOrigins?: readonly string[] | undefined;
  authorizationOrigins?: readonly string[] | undefined;
}

/** The guide spells them `r4/Patient` and `r4/us-core/patient` (guide, "API to Fetch Patient ID", "Configuration"). */
const guidePatientPaths = { r4: "Patient", "us-core": "us-core/patient" };

/** Apart from Patient, the guide names no path of a US Core resource. The types are spelled as in FHIR. */
const assumedUsCorePaths = { base: "us-core", spelling: "as-in-fhir" } as const;

/**
 * The endpoints for a user session, from the stage's settings. An endpoint without a setting has the vendor's path under the
 * base URL (guide, "Generation of access token", "API to Fetch Patient ID", "API to View Patient Data in CCDA Format").
 */
export function userServer(settings: UserServerSettings): UserServer {
  const baseUrl = withTrailingSlash(new URL(settings.baseUrl));
  const at = (path: string, own: string | undefined): URL => new URL(own ?? path, baseUrl);
  const tokenUrl = at("integra/Oauth2/oauth2Login?provider=idx", settings.tokenUrl);
  const audience = settings.fhirUrl ?? new URL("integra/fhir/r4", baseUrl).href;
  const fhirUrl = withTrailingSlash(new URL(audience));
  const ccd = {
    requestUrl: at("integra/MoBulkExport/createBulkExportRequest", settings.ccdRequestUrl),
    nonceUrl: at("integra/moNonce/generateNonceToken", settings.ccdNonceUrl),
    downloadUrl: at("integra/MoBulkDownload/bulkDownload", settings.ccdDownloadUrl),
  };
  const trusted = trustedOrigins([fhirUrl, ...Object.values(ccd)], tokenUrl, settings.fileOrigins);
  const configured = (settings.authorizationOrigins ?? []).map((origin) => new URL(origin).origin);
  return {
    ...trusted,
    // Like the token endpoint, a server of sign-in that the operator configures may be in a private network.
    privateOrigins: new Set([...trusted.privateOrigins, ...configured]),
    signInOrigins: new Set([fhirUrl.origin, tokenUrl.origin, ...configured]),
    tokenUrl,
    fhirUrl,
    audience,
    patientSearchPaths: { ...guidePatientPaths, ...settings.patientSearchPaths },
    usCorePaths: {
      base: settings.usCorePaths?.base ?? assumedUsCorePaths.base,
      spelling: settings.usCorePaths?.spelling ?? assumedUsCorePaths.spelling,
    },
    ccd,
  };
}
