import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from "node:zlib";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { readHeaderText } from "./header-text.ts";

/**
 * What our requests accept, unless they say otherwise. A request that says nothing accepts every coding (RFC 9110, 12.5.3), so it
 * says something. It asks for one coding, so that proxies keep few variants. Other codings are read as well if they come.
 */
export const acceptedCodings = "gzip";

/**
 * The answer is in a coding that the bridge cannot read. Asking again would bring the same, so it gets few attempts
 * (`unexplained`); a caller may end at once by asking for this class.
 */
export class CodingUnreadable extends ServerUnavailable {
  readonly coding: string;

  constructor(coding: string, place: string, options?: ErrorOptions) {
    const readable = "gzip, deflate, br, zstd";
    super(`${place} came in the content coding "${coding}", which the bridge cannot read (it reads ${readable})`, {
      ...options,
      unexplained: true,
    });
    this.coding = coding;
  }
}

/** What servers write into Content-Encoding though nothing is encoded: the word for it, and charsets. */
const noCoding = /^(?:|identity|none|binary|[78]bit|utf-?8|us-ascii|iso-8859-1)$/;

const mostCodings = 4;

/**
 * A body as it was before it was encoded. Codings may be stacked; they are undone from the last to the first. A body that
 * says gzip and is none is taken as it is: something on the way has decoded it and left the header.
 *
 * Source: RFC 9110, 8.4 "Content-Encoding" and 8.4.1.
 * @param header the answer's Content-Encoding
 * @param limit the most bytes that the body may have after each step
 * @param place what the answer is, for the fault
 * @throws CodingUnreadable at once, if one of the codings is not known
 * @throws ServerUnavailable if the body is damaged, cut, or decodes to more than `limit` bytes
 */
export async function decodeBody(
  body: Buffer,
  header: string | string[] | undefined,
  limit: number,
  place = "the answer",
): Promise<Buffer> {
  let decoded = body;
  for (const coding of knownCodings(header, place).toReversed())
    decoded = await decodeOnce(decoded, coding, limit, place);
  return decoded;
}

/**
 * The codings of a body, in the order in which they were applied.
 * @param header the answer's Content-Encoding
 * @throws CodingUnreadable if one of them is not known, or if they are too many
 */
export function knownCodings(header: string | string[] | undefined, place: string): Coding[] {
  const codings = codingsOf(header);
  const unknown = codings.find((coding) => !Object.hasOwn(decoders, coding));
  if (unknown !== undefined) throw new CodingUnreadable(readHeaderText(unknown, undefined, 40) ?? "", place);
  if (codings.length > mostCodings) throw new CodingUnreadable(`${codings.length} codings, stacked`, place);
  return codings as Coding[];
}

/** Whether a Content-Encoding names no coding. */
export function isUncoded(header: string | string[] | undefined): boolean {
  return codingsOf(header).length === 0;
}

function codingsOf(header: string | string[] | undefined): string[] {
  const names = (Array.isArray(header) ? header.join(",") : (header ?? "")).split(",");
  return names
    .map((name) => name.trim().toLowerCase())
    .filter((name) => !noCoding.test(name))
    .map((name) => (name === "x-gzip" ? "gzip" : name));
}

type Decode = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;
export type Coding = keyof typeof decoders;

const ungzip: Decode = async (body, options) => (isGzip(body) ? await promisify(gunzip)(body, options) : body);
/** In HTTP "deflate" is a zlib stream (RFC 9110, 8.4.1.2). Some servers send the bare one. */
const undeflate: Decode = (body, options) => promisify(isZlib(body) ? inflate : inflateRaw)(body, options);

const decoders = {
  gzip: ungzip,
  deflate: undeflate,
  br: promisify(brotliDecompress) as Decode,
  zstd: promisify(zstdDecompress) as Decode,
} satisfies Record<string, Decode>;

/** RFC 1952, 2.3.1: ID1 and ID2. */
export const isGzip = (body: Buffer): boolean => body[0] === 0x1f && body[1] === 0x8b;

/** RFC 1950, 2.2: the method is 8, and both bytes as a number are a multiple of 31. */
export const isZlib = (body: Buffer): boolean =>
  body.length > 1 && (body[0]! & 0x0f) === 8 && body.readUInt16BE(0) % 31 === 0;

async function decodeOnce(body: Buffer, coding: Coding, limit: number, place: string): Promise<Buffer> {
  // No body has no coding: an answer to DELETE, a 304.
  if (body.length === 0) return body;
  try {
    return await decoders[coding](body, { maxOutputLength: limit });
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") throw new ServerUnavailable(`${place} is longer than ${limit} bytes`);
    const words = code === "Z_BUF_ERROR" ? "broke off" : "is damaged";
    throw new ServerUnavailable(`${place} ${words} inside of its content coding ${coding} (${code})`, { cause: error });
  }
}
