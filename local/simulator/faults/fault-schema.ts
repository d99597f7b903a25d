import * as z from "zod";
import { smartFaults } from "#local/simulator/faults/smart-fault-schema.ts";

const byteCount = z.int().min(0);
/** Counted from 0; by default the middle line. */
const lineNumber = z.int().min(0).optional();

/**
 * Seconds, an HTTP date that many seconds ahead, or a text such as "120 seconds". Absent: the simulator's option for 429 and
 * 503. Null: no header.
 */
const retryAfter = z
  .union([
    z.number(),
    z.strictObject({ httpDateInSeconds: z.number() }),
    z.strictObject({ text: z.string() }),
    z.null(),
  ])
  .optional();

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
    status: z.literal([200, 202, 400, 403, 404, 409, 429, 500, 502, 503, 504]),
    retryAfter,
    /**
     * OperationOutcome with a transient, a terminal, or an informational issue ("not-yet"), or another body. "html" is
     * Tomcat's page, "proxy-page" that of a proxy. Default: "transient" for 429 and 5xx, "not-yet" for 202, else "terminal".
     */
    body: z
      .enum(["transient", "terminal", "not-yet", "html", "proxy-page", "empty", "attachment-not-found", "portal"])
      .optional(),
    /** Further headers, such as an X-Progress of 20,000 characters. */
    headers: z.record(z.string(), z.string()).optional(),
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
  /** A byte order mark before the body (RFC 8259, 8.1). */
  z.strictObject({ kind: z.literal("byte-order-mark") }),
  /** `Content-Encoding: gzip`, even if the client did not accept it (RFC 9110, 12.5.3). */
  z.strictObject({ kind: z.literal("unrequested-gzip") }),
] as const;

/** The faults of single endpoints, whose other requests they pass by. */
const endpointFaults = [
  /** Kick-off: this status instead of 202, with the same Content-Location. */
  z.strictObject({ kind: z.literal("accepted-status"), status: z.literal([200, 201]) }),
  /** Kick-off: the query of Content-Location has a raw pipe and a plus. The encoded URL works, the raw one gets 400. */
  z.strictObject({ kind: z.literal("pipe-in-location") }),
  /** Status of a complete job: 303 to a manifest in another folder. Its URLs are relative to that folder. */
  z.strictObject({ kind: z.literal("see-other") }),
  /** Status of a complete job: a change of the manifest. Changes of one entry change the last. */
  z.strictObject({
    kind: z.literal("odd-manifest"),
    change: z.enum([
      /** requiresAccessToken and counts are texts. */
      "members-as-texts",
      /** No member `output`, as servers do if nothing matched: for an export without files. */
      "no-output",
      "entry-without-url",
      /** The right UTC time without its zone. */
      "zone-less-time",
      /** One hour ahead of the clock. */
      "future-time",
      /** In 2036. */
      "far-future-time",
      /** A raw pipe and a plus in the queries of file URLs and of the next page. The encoded URL works, the raw one gets 400. */
      "pipe-in-urls",
      /** One less than the lines of the file. */
      "count-too-small",
      /** One more than the lines of the file. */
      "count-too-large",
      "next-page-is-itself",
      "doubled-entry",
      /** "patient" for "Patient". */
      "lower-case-types",
    ]),
  }),
  /** Both token endpoints: an OAuth error under status 200. No token is issued, and no refresh token rotates. */
  z.strictObject({ kind: z.literal("oauth-error"), error: z.string() }),
  /** Both token endpoints: a valid answer with an odd `expires_in`. */
  z.strictObject({ kind: z.literal("odd-lifetime"), form: z.enum(["null", "zero", "text", "absent"]) }),
  /** Download of the error file (option `errorFile`): its OperationOutcome has an odd `issue`. */
  z.strictObject({
    kind: z.literal("odd-issue"),
    form: z.enum(["single-object", "absent", "null", "empty-list", "text", "unknown-severity", "no-severity"]),
  }),
  /** Download of CCDs: a valid archive in a form that real servers have, always a ZIP. */
  z.strictObject({
    kind: z.literal("odd-ccd"),
    form: z.enum([
      /** An XSLT stylesheet beside the documents. */
      "stylesheet",
      /** A README beside the documents. */
      "readme",
      /** An unescaped ampersand in the last document; the others are unchanged. */
      "unescaped-ampersand",
      /** ZIP64 records of small entries (APPNOTE 4.3.14, 4.3.15 and 4.5.3), as pipes and Python's force_zip64 write them. */
      "zip64",
      /** Info-ZIP's Unicode path extra field (APPNOTE 4.6.9), which repeats each name. */
      "unicode-path",
      /** A CDATA section with `<html>` in the last document. */
      "html-in-cdata",
      /** The last document's encounter has an id with a nullFlavor. */
      "encounter-null-flavor",
      /** The last document is in ISO-8859-1 and says so. */
      "iso-8859-1",
    ]),
  }),
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
export const faultSchema = z.discriminatedUnion("kind", [
  ...answerFaults,
  ...fileFaults,
  ...endpointFaults,
  ...smartFaults,
  hostileCcd,
]);

export type Fault = z.infer<typeof faultSchema>;
export type ManifestChange = Extract<Fault, { kind: "odd-manifest" }>["change"];
export type OddCcdForm = Extract<Fault, { kind: "odd-ccd" }>["form"];
export type CcdAttack = Extract<Fault, { kind: "hostile-ccd" }>["attack"];
