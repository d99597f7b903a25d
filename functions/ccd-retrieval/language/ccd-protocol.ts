import * as z from "zod";

const headerValue = z.string().regex(/^[\x20-\x7e]{1,128}$/, "must be 1 to 128 printable ASCII characters");
const codes = z.array(z.string().min(1));

/** How the bridge describes its app and device. The guide requires these headers and gives no values. */
const device = z
  .strictObject({
    appVersion: headerValue.default("1.0"),
    brand: headerValue.default("integra-bridge"),
    model: headerValue.default("server"),
    screenResolution: headerValue.default("0x0"),
    os: headerValue.default("Linux"),
    osVersion: headerValue.default("1.0"),
    networkProvider: headerValue.default("none"),
    networkType: headerValue.default("wired"),
  })
  .prefault({});

/** Which answers to a download mean "not ready yet". The guide does not say. */
const notReady = z
  .strictObject({
    /** HTTP statuses that mean it, with any body. */
    statuses: z.array(z.number().int()).default([202, 204, 425]),
    /** Codes in a JSON body. */
    codes: codes.default(["BESR01", "BEDR01"]),
    /** Words in the server's text, in upper or lower case. */
    phrases: codes.default([
      "in progress",
      "in-progress",
      "in process",
      "being processed",
      "still processing",
      "is processing",
      "is pending",
      "still pending",
      "not ready",
      "not yet",
      "try again later",
      "ATTACHMENT_FILE_NOT_FOUND",
    ]),
    /** Values of `status` or `state` in a JSON body: letters only, in lower case. */
    states: codes.default([
      "accepted",
      "inprogress",
      "pending",
      "processing",
      "queued",
      "requested",
      "scheduled",
      "started",
    ]),
    /** Whether every 404 means it. If false, only a 404 whose text says so does. */
    anyNotFound: z.boolean().default(false),
    /** Whether a 200 without a body means it. */
    emptyBody: z.boolean().default(true),
    /** How many ZIPs without entries in a row mean it. The next one means that there are no documents. */
    emptyZips: z.number().int().min(0).max(1_000).default(6),
  })
  .prefault({});

/**
 * How the bridge makes the CCD calls and reads their answers. Each default is what the guide prints. If the guide is silent,
 * it is our assumption (docs/integra-notes.md, "CCDs").
 */
export const ccdProtocolSettings = z
  .strictObject({
    /** The header `api-info`. */
    apiInfo: headerValue.default("V1"),
    device,
    /** `raw` is the guide's `x-auth-token`. `bearer-and-raw` adds the standard's bearer token. */
    token: z.enum(["raw", "bearer-and-raw"]).default("raw"),
    actionName: z.string().min(1).default("ENCOUNTER_EXPORT"),
    /** Codes that mean: another request of this user is not finished yet. The answer names that request. */
    pendingElsewhereCodes: codes.default(["BEDR01"]),
    notReady,
  })
  .prefault({});

export type CcdProtocolSettings = z.infer<typeof ccdProtocolSettings>;
