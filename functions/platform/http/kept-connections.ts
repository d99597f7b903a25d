import { subscribe } from "node:diagnostics_channel";
import { networkErrorCode } from "./network-faults.ts";

/*
 * Which requests were lost because the server had closed a connection that it kept. undici's diagnostics channels say which request was
 * sent over which connection.
 */

const usedConnections = new WeakSet<object>();
const laterRequests = new WeakSet<object>();
const theirErrors = new WeakSet<object>();

subscribe("undici:client:sendHeaders", (message) => {
  const { request, socket } = message as { request: object; socket: object };
  if (usedConnections.has(socket)) laterRequests.add(request);
  usedConnections.add(socket);
});
subscribe("undici:request:error", (message) => {
  // A request that its caller gave up may have no error, such as one of Node's own `fetch`, which has the same channels.
  const { request, error } = message as { request: object; error: unknown };
  if (error instanceof Error && laterRequests.has(request)) theirErrors.add(error);
});

/** How undici and Node.js call the end of a connection. */
const connectionEnds: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

/**
 * Whether this error of a request is the end of a connection that had served another request before. Most likely the server closed it
 * without knowing of the request.
 */
export function isEndOfKeptConnection(error: unknown): boolean {
  return error instanceof Error && theirErrors.has(error) && connectionEnds.has(networkErrorCode(error));
}
