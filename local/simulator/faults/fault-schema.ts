import * as z from "zod";

const byteCount = z.int().min(0);
/** Counted from 0; by default the middle line. */
const lineNumber = z.int().min(0).optional();

/** Seconds, or an HTTP date that many seconds ahead. Absent: the simulator's option for 429 and 503. Null: no header. */
const retryAfter = z.union([z.number(), z.strictObject({ httpDateInSeconds: z.number() }), z.null()]).optional();

/**
 * The faults of transfers and of single answers. Counts of bytes are those of the sent body. A request with the fault cut,
 * truncate or stall has its effect all the same.
 */
const answerFaults = [
  /** No fault: lets one request of a script pass. */
  z.strictObject({ kind: z.literal("none") }),
  /** Tomcat's 401 page, although the token is valid. */
  z.strictObject({ kind: z.literal("unauthorized") }),
  z.strictObject({
    kind: z.literal("status"),
    status: z.literal([400, 403, 404, 429, 500, 502, 503, 504]),
    retryAfter,
    /** OperationOutcome with a transient or a terminal issue, or another body. Default "transient" for 429 and 5xx. */
    body: z.enum(["transient", "terminal", "html", "empty", "attachment-not-found", "portal"]).optional(),
    /** Text of the OperationOutcome or page. `{token}`, `{assertion}`, `{url}` and `{body}` stand for parts of the request. */
    words: z.string().optional(),
  }),
  /** Destroys the socket before the headers, or after that many bytes of the body. `effect` false: the request does nothing. */
  z.strictObject({ kind: z.literal("cut"), afterBytes: byteCount.optional(), effect: z.boolean().optional() }),
  /** An HTML page with status 200. */
  z.strictObject({ kind: z.literal("garbage") }),
  /** A body that ends early but cleanly, without Content-Length; by default in the middle of a record. */
  z.strictObject({
    kind: z.literal("truncate"),
    atByte: byteCount.optional(),
    framing: z.enum(["chunked", "close"]).optional(),
  }),
  /** 307 to the given URL. */
  z.strictObject({ kind: z.literal("redirect"), location: z.string() }),
  /** Sends the headers and that many bytes of the body (default 0), and then no more. */
  z.strictObject({ kind: z.literal("stall"), afterBytes: byteCount.optional() }),
] as const;

/** The faults inside of a downloaded file. */
const fileFaults = [
  /** A resource of another type in one line. `nested`: it contains the original resource. */
  z.strictObject({ kind: z.literal("wrong-type"), line: lineNumber, nested: z.boolean().optional() }),
  /** A line that is not JSON (default) or not UTF-8. */
  z.strictObject({ kind: z.literal("bad-line"), line: lineNumber, how: z.enum(["not-json", "not-utf8"]).optional() }),
  /** One line is missing: fewer than the manifest's `count`, if it has one. */
  z.strictObject({ kind: z.literal("drop-line"), line: lineNumber }),
  /** In compressed answers: the gzip stream lacks its trailer, or other bytes follow it. The HTTP around it is whole. */
  z.strictObject({ kind: z.literal("bad-gzip"), how: z.enum(["cut", "garbage-behind"]) }),
] as const;

/** Documents as an attacker would send them, always in a ZIP, and only in downloads of CCDs. `bytes`: size of a bomb. */
const hostileCcd = z.strictObject({
  kind: z.literal("hostile-ccd"),
  attack: z.enum([
    /** Entries whose names lead out of the folder. */
    "zip-slip",
    /** White space that is compressed a thousandfold. */
    "zip-bomb",
    /** Headers that claim far less than the content. */
    "lying-sizes",
    "duplicate-names",
    "encrypted-entry",
    /** The first part of the archive, with the right Content-Length. */
    "truncated",
    "internal-entity",
    "billion-laughs",
    /** A document type whose definition is at an address of this simulator, so that its log shows who fetches it. */
    "external-dtd",
    "external-entity",
    "malformed-xml",
    /** The recordTarget of another patient in the last document. */
    "wrong-patient",
    /** The right patient's ids in the last document, with another patient's name, birth date and gender. */
    "other-person",
  ]),
  bytes: byteCount.optional(),
});

/** One fault of one answer. */
export const faultSchema = z.discriminatedUnion("kind", [...answerFaults, ...fileFaults, hostileCcd]);

export type Fault = z.infer<typeof faultSchema>;
export type CcdAttack = Extract<Fault, { kind: "hostile-ccd" }>["attack"];
