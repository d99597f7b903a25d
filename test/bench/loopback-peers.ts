import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { generateDataset } from "#local/simulator/records/dataset.ts";

/*
 * Both ends of a download: a server of NDJSON files, and an S3 that accepts all uploads and keeps only the number of bytes.
 * They run in a separate process, so that they do not count as the bridge's work.
 */

/** The message to the measuring process after both servers listen. */
export interface Peers {
  filesOrigin: string;
  s3Origin: string;
}

const newline = 0x0a;

/** `/{ResourceType}/{bytes}` is a file of that many bytes, rounded to whole records. */
function startFileServer(): Promise<string> {
  const dataset = generateDataset(1, 2_000, Number.MAX_SAFE_INTEGER);
  const bodies = new Map(dataset.files({ level: "Patient" }).map(({ type, body }) => [type, body]));
  return listening(async (request, response) => {
    const [, type = "", size = ""] = (request.url ?? "").split("/");
    const body = bodies.get(type) ?? Buffer.alloc(0);
    const bytes = Number(size);
    const rest = body.subarray(0, body.indexOf(newline, bytes % body.length) + 1);
    const pieces = [...Array.from({ length: Math.floor(bytes / body.length) }, () => body), rest];
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    response.writeHead(200, { "content-type": "application/fhir+ndjson", "content-length": String(length) });
    await pipeline(Readable.from(pieces), response);
  });
}

/** `GET /` answers the number of bytes that were put. */
function startS3Sink(): Promise<string> {
  let stored = 0;
  return listening(async (request, response) => {
    for await (const chunk of request as AsyncIterable<Buffer>) if (request.method === "PUT") stored += chunk.length;
    response.setHeader("etag", '"sink"');
    if (request.method === "GET") response.end(String(stored));
    else if (request.method === "POST") response.end(uploadAnswer(request.url ?? ""));
    else response.end();
  });
}

const uploadAnswer = (target: string): string =>
  target.includes("uploads")
    ? "<InitiateMultipartUploadResult><UploadId>sink</UploadId></InitiateMultipartUploadResult>"
    : "<CompleteMultipartUploadResult><ETag>sink</ETag></CompleteMultipartUploadResult>";

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

async function listening(answer: Answer): Promise<string> {
  const server = createServer((request, response) => {
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
