import type { TokenBearer } from "#platform/http/authorised-request.ts";
import { type TrustedOrigins, trustedOrigins, withTrailingSlash } from "#platform/http/trusted-origins.ts";

/** The endpoints of the server. */
export interface IntegraServer extends TrustedOrigins {
  /** Its origin resolves the manifest's relative URLs that begin with `/`. */
  baseUrl: URL;
  tokenUrl: URL;
  /** The `aud` of the client assertion: the token URL as it is written in the settings, unless the server requires another. */
  audience: string;
  /** It ends with a slash, and `Patient/$export` is resolved against it. */
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
 * The server's endpoints from the stage's settings. An endpoint that is not set has the vendor's path below the base
 * URL (guide, "Get access token for bulk export", "Access Bulk Export API").
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

/** A registered client of the server: the endpoints, an HTTP client, and an access token. */
export interface IntegraClient extends TokenBearer {
  server: IntegraServer;
}
