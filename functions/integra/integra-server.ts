import { OriginRefused } from "#contracts/errors.ts";

/** Where the server's endpoints are, and which origins the bridge may talk to. */
export interface IntegraServer {
  /** Relative URLs of the manifest that begin with `/` belong to this origin. */
  baseUrl: URL;
  tokenUrl: URL;
  /** `aud` of the client assertion: the token URL as text, unless the server wants another. */
  audience: string;
  /** Ends with a slash: `Patient/$export` is resolved against it. */
  exportUrl: URL;
  /** Origins that get our access token: the base URL's and the export base's. */
  tokenOrigins: ReadonlySet<string>;
  /** Origins from which files may be fetched without a token. Off-list origins are refused. */
  fileOrigins: ReadonlySet<string>;
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
  const tokenOrigins = new Set([baseUrl.origin, exportUrl.origin]);
  return {
    baseUrl,
    tokenUrl,
    audience: settings.audience ?? settings.tokenUrl ?? tokenUrl.href,
    exportUrl,
    tokenOrigins,
    fileOrigins: new Set([...tokenOrigins, ...(settings.fileOrigins ?? []).map((origin) => new URL(origin).origin)]),
  };
}

/**
 * `reference` as a URL on one of the server's own origins.
 * @throws OriginRefused naming `what` and the origin, where it leads elsewhere or is no URL
 */
export function onServerOrigin(
  server: Pick<IntegraServer, "tokenOrigins">,
  reference: string,
  base: URL,
  what: string,
): URL {
  const url = URL.parse(reference, base.href);
  if (url === null) throw new OriginRefused(`${what} is not a URL`);
  if (!server.tokenOrigins.has(url.origin)) {
    throw new OriginRefused(
      `${what} leads to ${url.origin}, which is not the configured server (${originList(server)})`,
    );
  }
  return url;
}

/** The origins that get our token, for messages to people. */
export function originList(server: Pick<IntegraServer, "tokenOrigins">): string {
  return [...server.tokenOrigins].join(", ");
}

/** A base against which relative paths are resolved below it, not beside it. */
export function withTrailingSlash(url: URL): URL {
  const copy = new URL(url);
  if (!copy.pathname.endsWith("/")) copy.pathname += "/";
  return copy;
}
