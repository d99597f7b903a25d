import { BlockList, isIP } from "node:net";

/*
 * Which addresses belong to the public internet. A name that someone else controls must not lead to any other address: that
 * would be in our own network, or our own machine.
 *
 * Source: IANA's registries of special-purpose IPv4 and IPv6 addresses (RFC 6890 and its updates).
 */

const ownNetworks = blocks(
  ["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
  ["::1/128", "fc00::/7"],
);

/** Special addresses outside of private networks: this host, link-local with the metadata services, tests, multicast, reserved. */
const otherSpecial = blocks(
  ["0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24"].concat([
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
  ]),
  // AWS's metadata service, which is within fc00::/7. Within global unicast: protocols, documentation, and 6to4, which
  // wraps any IPv4 address.
  ["fd00:ec2::/32", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"],
);

/** All public IPv6 addresses so far. IPv4 addresses that are wrapped into IPv6 are not among them. */
const globalUnicast = blocks([], ["2000::/3"]);

/** Whether a text is an IPv4 or IPv6 address of the public internet. */
export function isPublicAddress(address: string): boolean {
  if (isWithin(ownNetworks, address) || isWithin(otherSpecial, address)) return false;
  return isIP(address) === 4 || isWithin(globalUnicast, address);
}

/** Whether an address is a loopback or private one, where an operator may run their own server. */
export function isOwnNetworkAddress(address: string): boolean {
  return isWithin(ownNetworks, address) && !isWithin(otherSpecial, address);
}

/** The address in a URL, without brackets; undefined if its host is a name. */
export function addressOf({ hostname }: URL): string | undefined {
  const bare = hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(bare) === 0 ? undefined : bare;
}

function isWithin(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? "ipv4" : "ipv6");
}

function blocks(ipv4: readonly string[], ipv6: readonly string[]): BlockList {
  const list = new BlockList();
  for (const [family, networks] of [["ipv4", ipv4] as const, ["ipv6", ipv6] as const]) {
    for (const network of networks) {
      const [address = "", prefix] = network.split("/");
      list.addSubnet(address, Number(prefix), family);
    }
  }
  return list;
}
