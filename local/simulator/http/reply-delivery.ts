import type { ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip, gzipSync } from "node:zlib";
import type { Fault } from "#local/simulator/faults/fault-schema.ts";
import { spoilGzip } from "#local/simulator/faults/spoilt-content.ts";
import type { Reply } from "#local/simulator/http/http-reply.ts";
import type { SimulatorSettings } from "#local/simulator/options.ts";

const compress = promisify(gzip);
/** A body up to this size is compressed in less time than a thread needs to take it over. */
const smallBytes = 16 * 1024;

/** Sends a reply, with the fault's error in the transfer. Returns true if headers were sent. */
export async function deliver(
  response: ServerResponse,
  reply: Reply,
  fault: Fault | null,
  settings: SimulatorSettings,
): Promise<boolean> {
  if (fault?.kind === "cut" && fault.afterBytes === undefined) {
    response.destroy();
    return false;
  }
  const body = reply.gzip === true ? await compressed(reply.body, fault) : reply.body;
  const headers: Record<string, string> = { ...reply.headers };
  if (reply.gzip === true) headers["content-encoding"] = "gzip";
  const chunked = fault?.kind === "truncate" || (reply.gzip === true && settings.gzipFraming === "chunked");
  if (!chunked) headers["content-length"] = String(body.length);
  if (fault?.kind === "truncate" && fault.framing === "close") response.useChunkedEncodingByDefault = false;
  response.writeHead(reply.status, headers);
  if (fault?.kind === "cut" || fault?.kind === "stall") {
    sendPart(response, body, fault);
  } else {
    response.end(body);
  }
  return true;
}

async function compressed(body: Buffer, fault: Fault | null): Promise<Buffer> {
  const zipped = body.length <= smallBytes ? gzipSync(body) : await compress(body);
  return fault?.kind === "bad-gzip" ? spoilGzip(zipped, fault) : zipped;
}

function sendPart(response: ServerResponse, body: Buffer, fault: Extract<Fault, { kind: "cut" | "stall" }>): void {
  const part = body.subarray(0, Math.min(fault.afterBytes ?? 0, Math.max(body.length - 1, 0)));
  response.flushHeaders();
  const afterwards = (): void => {
    if (fault.kind === "cut") response.destroy();
  };
  if (part.length === 0) setImmediate(afterwards);
  else response.write(part, afterwards);
}
