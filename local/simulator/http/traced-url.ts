/**
 * A query parameter whose value needs percent-encoding. The guide says so for the pipe ("Download the ndjson file"); a plus
 * that is not encoded reads as a space.
 */
const TRACE = "a|b+c";

/** The URL with the parameter in raw form, as careless servers send it. */
export function withTrace(url: string): string {
  return `${url}${url.includes("?") ? "&" : "?"}trace=${TRACE}`;
}

/** True unless a request has the parameter with another value than the simulator's. */
export function isTraceIntact(query: string): boolean {
  return new URLSearchParams(query).getAll("trace").every((value) => value === TRACE);
}
