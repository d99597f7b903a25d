import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { generateDataset } from "#local/simulator/records/dataset.ts";
import { serveParent } from "./listen.ts";

/*
 * A Bulk Data server whose exports are complete at once, for `$export` and `Patient/$export`. `/4x1000` is the base URL of exports of 4 files of 1,000 bytes each,
 * rounded up to whole records. The manifest says in an extension how many bytes a file has.
 */

/** One file of the manifest. */
export interface ListedFile {
  type: string;
  url: string;
  extension: { bytes: number };
}

const newline = 0x0a;

/* Without Patient: smart-fetch reads files of patients once more after the download. */
const types = ["Observation", "Condition", "DiagnosticReport"] as const;

const dataset = generateDataset(1, Number(process.argv[2]), Number.MAX_SAFE_INTEGER);
const bodies = new Map(dataset.files({ level: "Patient" }).map(({ type, body }) => [type, body]));

serveParent(async (request, response, origin) => {
  const [, place = "", ...rest] = (request.url ?? "").split(/[/?]/);
  const [files = 0, bytes = 0] = place.split("x").map(Number);
  const base = `${origin}/${place}`;
  switch (`${request.method} ${rest[0]}`) {
    case "GET metadata":
      return sendJson(response, { resourceType: "CapabilityStatement", fhirVersion: "4.0.1" });
    case "POST token":
      return sendJson(response, { access_token: "bench", token_type: "bearer", expires_in: 3600 });
    case "GET Patient":
    case "GET $export":
      response.writeHead(202, { "content-location": `${base}/status` }).end();
      return;
    case "GET status":
      return sendJson(response, {
        transactionTime: "2026-01-01T00:00:00.000Z",
        request: `${base}/$export`,
        requiresAccessToken: false,
        output: listedFiles(base, files, bytes),
        error: [],
      });
    case "DELETE status":
      response.writeHead(202).end();
      return;
    case "GET files":
      return await sendFile(response, piecesOf(rest[1] ?? "", bytes));
    default:
      response.writeHead(404).end();
  }
});

function listedFiles(base: string, files: number, bytes: number): ListedFile[] {
  const sizes = new Map(types.map((type) => [type, lengthOf(piecesOf(type, bytes))]));
  return Array.from({ length: files }, (_, n) => {
    const type = types[n % types.length] ?? types[0];
    return { type, url: `${base}/files/${type}/${n}`, extension: { bytes: sizes.get(type) ?? 0 } };
  });
}

/** A file as pieces, which are the records of its type again and again. */
function piecesOf(type: string, bytes: number): Buffer[] {
  const body = bodies.get(type) ?? Buffer.alloc(0);
  const rest = body.subarray(0, body.indexOf(newline, bytes % body.length) + 1);
  return [...Array.from({ length: Math.floor(bytes / body.length) }, () => body), rest];
}

const lengthOf = (pieces: readonly Buffer[]): number => pieces.reduce((sum, piece) => sum + piece.length, 0);

async function sendFile(response: ServerResponse, pieces: Buffer[]): Promise<void> {
  response.writeHead(200, {
    "content-type": "application/fhir+ndjson",
    "content-length": String(lengthOf(pieces)),
  });
  await pipeline(Readable.from(pieces), response);
}

function sendJson(response: ServerResponse, body: object): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}
