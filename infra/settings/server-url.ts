import * as z from "zod";
import { addressOf, isOwnNetworkAddress, isPublicAddress } from "#platform/http/network-addresses.ts";

/** A URL of a server: https, or http on a loopback address; without user name and password. */
export const serverUrl = z
  .url()
  .refine(isSecure, "must be https (http is accepted for a loopback address only)")
  .refine(hasNoUser, "must not hold a user name or password");

function isSecure(text: string): boolean {
  const url = URL.parse(text);
  return (
    url?.protocol === "https:" ||
    (url?.protocol === "http:" && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname))
  );
}

function hasNoUser(text: string): boolean {
  const url = URL.parse(text);
  return url?.username === "" && url.password === "";
}

/** An origin from which files may be downloaded. Addresses that no file server has, such as link-local ones, are refused. */
export const fileOrigin = serverUrl
  .refine(
    (text) => URL.parse(text)?.href === `${URL.parse(text)?.origin}/`,
    "must be an origin, without a path or query",
  )
  .refine(isAcceptableHost, "must not be an address that is link-local, of a metadata service, or otherwise special");

/** Loopback and private addresses are accepted: an operator who sets one means that server. */
function isAcceptableHost(text: string): boolean {
  const url = URL.parse(text);
  const address = url === null ? undefined : addressOf(url);
  return address === undefined || isPublicAddress(address) || isOwnNetworkAddress(address);
}
