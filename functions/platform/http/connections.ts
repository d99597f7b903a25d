import { type LookupAddress, lookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { Agent, buildConnector, Pool } from "undici";
import { OriginRefused } from "#platform/faults/faults.ts";
import { isPublicAddress } from "./network-addresses.ts";
import type { TrustedOrigins } from "./trusted-origins.ts";

const connectLimitMs = 10_000;
/** Servers put long texts into headers, such as X-Progress. undici's own limit of 16 KiB would lose the whole answer. */
const longestHeaders = 256 * 1024;
/** For each origin: a Lambda talks to the server, and downloads one file. */
const connectionsPerOrigin = 8;

/**
 * Connections to the server, and to file origins as long as these are on the public internet. A name is judged by the
 * addresses that it has at the moment of connecting, which are the ones that are then used: one that is made to lead to
 * a private address later on (DNS rebinding) leads nowhere.
 *
 * A request over a refused connection fails with OriginRefused.
 * @param resolve how names are resolved: the system's way, unless a test has its own
 * @param connectMs how long a connection may take to open, its TLS handshake included
 */
export function connections(
  server: TrustedOrigins,
  resolve: LookupFunction = lookup,
  connectMs: number = connectLimitMs,
): Agent {
  const anywhere = buildConnector({ timeout: connectMs });
  const publicOnly = publicConnector(resolve, connectMs);
  return new Agent({
    factory: (origin) => {
      const mayBePrivate = server.privateOrigins.has(new URL(origin).origin);
      return new Pool(origin, {
        connections: connectionsPerOrigin,
        maxHeaderSize: longestHeaders,
        connect: mayBePrivate ? anywhere : publicOnly,
      });
    },
  });
}

function publicConnector(resolve: LookupFunction, connectMs: number): buildConnector.connector {
  const connect = buildConnector({ timeout: connectMs, lookup: publicLookup(resolve) });
  return (options, callback) => {
    // An address is connected to without a lookup.
    if (isIP(options.hostname) !== 0 && !isPublicAddress(options.hostname)) {
      callback(new OriginRefused(`${options.hostname} is not an address of the public internet`), null);
      return;
    }
    connect(options, callback);
  };
}

/** A lookup that fails where any of a name's addresses is not public. */
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
