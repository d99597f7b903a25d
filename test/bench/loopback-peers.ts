import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { generateDataset } from "#local/simulator/dataset.ts";

/*
 * Both ends of a download, in a process of their own so that they do not count as the bridge's work: a server of NDJSON
 * files, and an S3 that takes everything and keeps nothing.
 */

/** What the measuring process is told once both servers listen. */
export interface Peers {
  filesOrigin: string;
  s3Origin: string;
}

/** `/{ResourceType}/{least bytes}` is a file of whole records of that type, at least so long. */
function startFileServer(): Promise<string> {
  const dataset = generateDataset(1, 2_000, Number.MAX_SAFE_INTEGER);
  const blocks = new Map(dataset.files({ level: "Patient" }).map(({ type, body }) => [type, body]));
  return listening((request, response) => {
    const [, type = "", leastBytes = "0"] = (request.url ?? "").split("/");
    const block = blocks.get(type) ?? Buffer.alloc(0);
    const piece = block.subarray(0, block.indexOf(0x0a, Math.min(Number(leastBytes), block.length - 1) - 1) + 1);
    const times = Math.max(1, Math.ceil(Number(leastBytes) / piece.length));
    response.writeHead(200, {
      "content-type": "application/fhir+ndjson",
      "content-length": String(piece.length * times),
    });
    return pipeline(Readable.from(Array.from({ length: times }, () => piece)), response);
  });
}

function startS3Sink(): Promise<string> {
  return listening(async (request, response) => {
    for await (const _ of request);
    const query = new URL(request.url ?? "", "http://sink").searchParams;
    response.setHeader("etag", '"sink"');
    if (request.method === "DELETE") response.writeHead(204).end();
    else if (query.has("uploads"))
      response.end("<InitiateMultipartUploadResult><UploadId>sink</UploadId></InitiateMultipartUploadResult>");
    else if (request.method === "POST")
      response.end("<CompleteMultipartUploadResult><ETag>sink</ETag></CompleteMultipartUploadResult>");
    else response.end();
  });
}

async function listening(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<string> {
  const server: Server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      process.emitWarning(String(error));
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return `http://127.0.0.1:${address.port}`;
}

const peers: Peers = { filesOrigin: await startFileServer(), s3Origin: await startS3Sink() };
process.send?.(peers);
process.on("disconnect", () => process.exit());
