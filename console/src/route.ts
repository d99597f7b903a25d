import { useEffect, useState } from "preact/hooks";

/** The pages that have an address. */
export const pageNames = ["exports", "patients", "links", "health"] as const;
export type PageName = (typeof pageNames)[number];

/**
 * A place in the console. Only the page and the id of an export are in the address. Which patient or document is open is in memory, so
 * that no history, bookmark or log has it.
 */
export interface Route {
  page: PageName;
  exportId: string | undefined;
}

/** Reads the part of an address after `#`. Whatever names no place leads to the exports. */
export function routeOf(hash: string): Route {
  const [page, id, ...rest] = hash.replace(/^#?\/?/, "").split("/");
  const known = pageNames.find((name) => name === page);
  if (known === undefined || rest.length > 0) return { page: "exports", exportId: undefined };
  return { page: known, exportId: known === "exports" && id ? decodedOf(id) : undefined };
}

function decodedOf(id: string): string | undefined {
  try {
    return decodeURIComponent(id);
  } catch {
    // A broken escape names no export.
    return undefined;
  }
}

export const hrefOf = (page: PageName, exportId?: string): string =>
  `#/${page}${exportId === undefined ? "" : `/${encodeURIComponent(exportId)}`}`;

/**
 * Goes on to a place when a call has ended. Who went to another page while the API was slow stays there.
 * @returns what goes on, from the place at which the user is now
 */
export function goOnFromHere(): (href: string) => void {
  const here = location.hash;
  return (href) => {
    if (location.hash === here) location.hash = href;
  };
}

/** The place of the address, kept up to date. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  useEffect(() => {
    const follow = () => setRoute(routeOf(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}
