import { OriginRefused } from "#platform/faults/faults.ts";
import { addressOf } from "./network-addresses.ts";

/** Which origins the bridge may send requests to, and how far it trusts each. */
export interface TrustedOrigins {
  /** Origins that get our access token: those of the server's endpoints. */
  tokenOrigins: ReadonlySet<string>;
  /** Origins from which files may be downloaded: those that get our token, and those of the allow list, which do not get it. */
  fileOrigins: ReadonlySet<string>;
  /**
   * Origins that may be in a private network: the server's own, and file origins that the operator configured by their
   * address. The name of any other file origin must lead to the public internet.
   */
  privateOrigins: ReadonlySet<string>;
}

/**
 * The origins of a server.
 * @param endpoints the URLs that get our token. The token endpoint issues it, and does not get it
 */
export function trustedOrigins(
  endpoints: readonly URL[],
  tokenUrl: URL,
  fileOrigins: readonly string[] = [],
): TrustedOrigins {
  const tokenOrigins = new Set(endpoints.map(({ origin }) => origin));
  const listed = fileOrigins.map((origin) => new URL(origin));
  return {
    tokenOrigins,
    fileOrigins: new Set([...tokenOrigins, ...listed.map(({ origin }) => origin)]),
    privateOrigins: new Set([
      ...tokenOrigins,
      tokenUrl.origin,
      ...listed.filter(isOwnAddress).map(({ origin }) => origin),
    ]),
  };
}

/** Whether a URL has an address or `localhost`, which no name server can make lead elsewhere (RFC 6761, 6.3). */
function isOwnAddress(url: URL): boolean {
  return addressOf(url) !== undefined || url.hostname === "localhost";
}

/**
 * Whether a URL belongs to one of these origins. Comparing `url.origin` is not enough: a `blob:` URL has the origin of the URL
 * inside it, and a user name is not part of an origin.
 */
export function isOfOrigin(origins: ReadonlySet<string>, url: URL): boolean {
  return /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" && origins.has(url.origin);
}

/** The origin of a URL, for messages: without its path, query or password. */
export function placeOf(url: URL): string {
  if (!/^https?:$/.test(url.protocol)) return `a ${url.protocol} URL`;
  return url.username === "" && url.password === "" ? url.origin : `${url.origin} with a user name`;
}

/**
 * A reference as a URL on one of the server's own origins.
 * @param what names the reference in the fault
 * @throws OriginRefused if it leads elsewhere or is not a URL
 */
export function onServerOrigin(server: TrustedOrigins, reference: string, base: URL, what: string): URL {
  const url = URL.parse(reference, base.href);
  if (url === null) throw new OriginRefused(`${what} is not a URL`);
  if (!isOfOrigin(server.tokenOrigins, url)) {
    const configured = [...server.tokenOrigins].join(", ");
    throw new OriginRefused(`${what} leads to ${placeOf(url)}, which is not the configured server (${configured})`);
  }
  return url;
}

/** A base URL below which relative paths are resolved. Without the slash they would replace its last segment. */
export function withTrailingSlash(url: URL): URL {
  const copy = new URL(url);
  if (!copy.pathname.endsWith("/")) copy.pathname += "/";
  return copy;
}
