import type { TokenBearer } from "#platform/http/authorised-request.ts";
import { type TrustedOrigins, trustedOrigins, withTrailingSlash } from "#platform/http/trusted-origins.ts";

/** Where the server's endpoints are. */
export interface IntegraServer extends TrustedOrigins {
  /** Relative URLs of the manifest that begin with `/` belong to this origin. */
  baseUrl: URL;
  tokenUrl: URL;
  /** `aud` of the client assertion: the token URL as text, unless the server wants another. */
  audience: string;
  /** Ends with a slash: `Patient/$export` is resolved against it. */
  exportUrl: URL;
}

export interface IntegraServerSettings {
  baseUrl: string;
  tokenUrl?: string | undefined;
  exportUrl?: string | undefined;
  audience?: string | undefined;
  fileOrigins?: readonly string[] | undefined;
}

/**
 * The server's endpoints from the stage's settings; what is not set follows the vendor's paths under the base URL
 * (guide, "Get access token for bulk export", "Access Bulk Export API").
 */
export function integraServer(settings: IntegraServerSettings): IntegraServer {
  const baseUrl = withTrailingSlash(new URL(settings.baseUrl));
  const tokenUrl = new URL(settings.tokenUrl ?? "integra/fhir/oauth2/token?provider=idx", baseUrl);
  const exportUrl = withTrailingSlash(new URL(settings.exportUrl ?? "integra/fhir-export/r4/bulkExport/", baseUrl));
  return {
    baseUrl,
    tokenUrl,
    audience: settings.audience ?? settings.tokenUrl ?? tokenUrl.href,
    exportUrl,
    ...trustedOrigins([baseUrl, exportUrl], tokenUrl, settings.fileOrigins),
  };
}

/** Everything needed to talk to the server as a registered client. */
export interface IntegraClient extends TokenBearer {
  server: IntegraServer;
}
