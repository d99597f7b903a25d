import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { LoopbackServer } from "./loopback-servers.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, origin: string) => void | Promise<void>;

/** Serves HTTP on loopback until the parent process disconnects. Sends the parent the origin as soon as the server listens. */
export function serveParent(answer: Answer): void {
  const server = createServer((request, response) => {
    Promise.resolve(answer(request, response, `http://${request.headers.host}`)).catch((error: unknown) => {
      process.emitWarning(String(error));
      response.destroy();
    });
  });
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the server has no port");
    process.send?.({ origin: `http://127.0.0.1:${address.port}` } satisfies LoopbackServer);
  });
  process.on("disconnect", () => process.exit());
}
