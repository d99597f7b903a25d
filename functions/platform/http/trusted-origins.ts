import { OriginRefused } from "#platform/faults/faults.ts";
import { addressOf } from "./network-addresses.ts";

/** Which origins the bridge may talk to, and how far it trusts each. */
export interface TrustedOrigins {
  /** Origins that get our access token: those of the endpoints that want it. */
  tokenOrigins: ReadonlySet<string>;
  /** Origins from which files may be fetched: those that get our token, and the allow-listed ones, which do not. */
  fileOrigins: ReadonlySet<string>;
  /**
   * Origins that may be in a private network: the server's own, and file origins that the operator wrote down as an
   * address. The name of any other file origin must lead to the public internet.
   */
  privateOrigins: ReadonlySet<string>;
}

/** @param endpoints the URLs that want our token; the token endpoint gives it, and gets none */
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

/** `localhost` is no name that anybody else could point elsewhere (RFC 6761, 6.3). */
function isOwnAddress(url: URL): boolean {
  return addressOf(url) !== undefined || url.hostname === "localhost";
}

/**
 * Whether a URL is of one of these origins, whichever way it is spelt. Its origin alone does not say so: a `blob:` URL has
 * that of the URL inside it, and a user name is no part of an origin.
 */
export function isOfOrigin(origins: ReadonlySet<string>, url: URL): boolean {
  return /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" && origins.has(url.origin);
}

/** Where a URL leads, for messages to people: never its path or query, nor a password. */
export function placeOf(url: URL): string {
  if (!/^https?:$/.test(url.protocol)) return `a ${url.protocol} URL`;
  return url.username === "" && url.password === "" ? url.origin : `${url.origin} with a user name`;
}

/**
 * `reference` as a URL on one of the server's own origins.
 * @throws OriginRefused naming `what` and the origin, where it leads elsewhere or is no URL
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

/** A base against which relative paths are resolved below it, not beside it. */
export function withTrailingSlash(url: URL): URL {
  const copy = new URL(url);
  if (!copy.pathname.endsWith("/")) copy.pathname += "/";
  return copy;
}
