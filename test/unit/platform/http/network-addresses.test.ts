import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressOf, isOwnNetworkAddress, isPublicAddress } from "#platform/http/network-addresses.ts";

const octet = fc.integer({ min: 0, max: 255 });
const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));
const ipv4In = (...first: number[]) =>
  fc.tuple(...first.map((value) => fc.constant(value)), ...Array.from({ length: 4 - first.length }, () => octet));

describe("addresses of the public internet", () => {
  it.each(["8.8.8.8", "198.41.0.4", "172.15.0.1", "172.32.0.1", "100.63.255.255", "11.0.0.1"])(
    "the IPv4 address %s is public",
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each(["2606:4700::1", "2001:4860:4860::8888", "2a00:1450::1"])("the IPv6 address %s is public", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    ["this host", "0.0.0.0", "::"],
    ["loopback", "127.255.255.254", "::1"],
    ["private", "172.31.255.255", "fdff::1"],
    ["link-local", "169.254.0.1", "fe80::1", "febf::1"],
    ["metadata services", "169.254.169.254", "169.254.170.2", "fd00:ec2::254"],
    ["of a provider's network", "100.64.0.1"],
    ["for tests and documents", "192.0.2.1", "198.18.0.1", "203.0.113.9", "2001:db8::1", "3fff::1"],
    ["multicast, broadcast, reserved", "224.0.0.1", "255.255.255.255", "240.0.0.1", "ff02::1"],
    ["IPv4 wrapped into IPv6", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "2002:7f00:1::", "::7f00:1"],
    ["no addresses", "", "localhost", "127.1", "0x7f.0.0.1", "fe80::1%eth0", "2606:4700::1%"],
  ])("addresses that are %s are not public", (_, ...addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([]);
  });

  it("no address of a private or local network is public", () => {
    const networks = fc.oneof(
      ipv4In(10),
      ipv4In(127),
      ipv4In(192, 168),
      ipv4In(169, 254),
      fc.integer({ min: 16, max: 31 }).chain((second) => ipv4In(172, second)),
    );
    fc.assert(
      fc.property(networks, (octets) => {
        expect(isPublicAddress(octets.join("."))).toBe(false);
        expect(isPublicAddress(`::ffff:${octets.join(".")}`)).toBe(false);
      }),
    );
    const prefixes = fc.constantFrom("fc00", "fdff", "fe80", "febf", "ff02", "0", "64", "4000", "e000");
    fc.assert(
      fc.property(prefixes, fc.array(group, { minLength: 7, maxLength: 7 }), (prefix, rest) => {
        expect(isPublicAddress([prefix, ...rest].join(":"))).toBe(false);
      }),
    );
  });
});

describe("addresses of one's own network", () => {
  it.each(["10.0.0.1", "127.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "::1", "fd12::1"])(
    "an operator may run a server at %s",
    (address) => {
      expect(isOwnNetworkAddress(address)).toBe(true);
    },
  );

  it.each(["8.8.8.8", "169.254.169.254", "fd00:ec2::254", "fe80::1", "0.0.0.0", "localhost"])(
    "%s is no address of an own network",
    (address) => {
      expect(isOwnNetworkAddress(address)).toBe(false);
    },
  );
});

describe("the address that a URL's host is", () => {
  it.each([
    ["http://127.0.0.1:80/", "127.0.0.1"],
    ["http://2130706433/", "127.0.0.1"],
    ["http://0x7f.1/", "127.0.0.1"],
    ["http://0177.0.0.01/", "127.0.0.1"],
    ["http://[::1]/", "::1"],
    ["http://[::ffff:127.0.0.1]/", "::ffff:7f00:1"],
    ["http://localhost/", undefined],
    ["https://127.0.0.1.example.org/", undefined],
  ])("the address in the URL %s is %s", (url, address) => {
    expect(addressOf(new URL(url))).toBe(address);
  });
});
