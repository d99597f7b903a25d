import { type LookupAddress, lookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import type { Dispatcher } from "undici";
import { OriginRefused } from "#platform/faults/faults.ts";
import { isPublicAddress } from "./network-addresses.ts";
import type { TrustedOrigins } from "./trusted-origins.ts";
import { Agent, buildConnector, Pool } from "./undici-parts.ts";

const connectLimitMs = 10_000;
/** Servers put long texts into headers, such as X-Progress. undici's own limit of 16 KiB would lose the whole answer. */
const longestHeaders = 256 * 1024;
/** Per origin. A Lambda function sends few requests at a time, and downloads one file. */
const connectionsPerOrigin = 8;
/**
 * A connection gets no new request when it is older than this. Between two calls Lambda freezes a function: a server may then close the
 * connection unnoticed, and undici's own timer does not run. Many servers close a connection that was idle for five seconds.
 */
const oldestConnectionMs = 4_000;
/**
 * The messages of HTTP/1.1 prove whether a body is whole (RFC 9112, 8). undici offers HTTP/2 by default, whose answers often have no
 * length, and where one connection carries all requests to an origin.
 */
const protocol = { allowH2: false };

/**
 * Connections to the server, and to file origins on the public internet. The addresses of a name are checked at the moment
 * of connecting, and exactly these addresses are used. A name that starts to lead to a private address later (DNS
 * rebinding) is refused then.
 *
 * Each POST has a connection of its own. Over a kept one, which the server may be closing, nobody could tell whether it took the code, the
 * refresh token or the request for documents.
 *
 * A request over a refused connection fails with OriginRefused.
 * @param resolve how names are resolved, by default as the system does
 * @param connectMs how long a connection may take to open, its TLS handshake included
 */
export function connections(
  server: TrustedOrigins,
  resolve: LookupFunction = lookup,
  connectMs: number = connectLimitMs,
): Dispatcher {
  const anywhere = buildConnector({ ...protocol, timeout: connectMs });
  const publicOnly = publicConnector(resolve, connectMs);
  const agent = (requestsAtOnce: { pipelining?: number }): Agent =>
    new Agent({
      factory: (origin) => {
        const mayBePrivate = server.privateOrigins.has(new URL(origin).origin);
        return new Pool(origin, {
          ...protocol,
          ...requestsAtOnce,
          connections: connectionsPerOrigin,
          clientTtl: oldestConnectionMs,
          maxHeaderSize: longestHeaders,
          connect: mayBePrivate ? anywhere : publicOnly,
        });
      },
    });
  // Without pipelining undici closes a connection after its request.
  const unkept = agent({ pipelining: 0 });
  return agent({}).compose(
    (dispatch) => (options, handler) =>
      options.method === "POST" ? unkept.dispatch(options, handler) : dispatch(options, handler),
  );
}

function publicConnector(resolve: LookupFunction, connectMs: number): buildConnector.connector {
  const connect = buildConnector({ ...protocol, timeout: connectMs, lookup: publicLookup(resolve) });
  return (options, callback) => {
    // For an address there is no lookup.
    if (isIP(options.hostname) !== 0 && !isPublicAddress(options.hostname)) {
      callback(
        new OriginRefused(
          `${options.hostname} is not an address of the public internet, so the bridge does not connect to it`,
        ),
        null,
      );
      return;
    }
    connect(options, callback);
  };
}

/** A lookup that fails if any address of a name is not public. */
function publicLookup(resolve: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        callback(error, "");
        return;
      }
      const addresses: LookupAddress[] = typeof found === "string" ? [{ address: found, family: isIP(found) }] : found;
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => isPublicAddress(address))) {
        callback(new OriginRefused(`${hostname} leads to an address that is not of the public internet`), "");
      } else if (options.all === true) {
        callback(null, addresses);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}
