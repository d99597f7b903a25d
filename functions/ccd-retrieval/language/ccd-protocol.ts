import * as z from "zod";

const headerValue = z.string().regex(/^[\x20-\x7e]{1,128}$/, "must be 1 to 128 printable ASCII characters");
const codes = z.array(z.string().min(1));

/** Who the app says it is: the guide wants these headers and names no values. */
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

/** What counts as "not ready yet" when the documents are asked for; the guide does not say. */
const notReady = z
  .strictObject({
    /** HTTP statuses that mean it, whatever the body says. */
    statuses: z.array(z.number().int()).default([202, 204, 425]),
    /** Codes in a JSON body. */
    codes: codes.default(["BESR01", "BEDR01"]),
    /** Words in whatever the server says, in any case. */
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
    /** Values of `status` or `state` in a JSON body, letters only. */
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
    /** Whether any 404 means it, and not only one whose words say so. */
    anyNotFound: z.boolean().default(false),
    /** Whether a 200 without a body means it. */
    emptyBody: z.boolean().default(true),
    /** How many ZIPs without entries, one after the other, mean it. The next one is the answer: there are no documents. */
    emptyZips: z.number().int().min(0).max(1_000).default(6),
  })
  .prefault({});

/**
 * How the CCD calls are made and their answers read. Each default is what the guide prints or, where it is silent, an
 * assumption of ours (docs/integra-notes.md, "CCDs").
 */
export const ccdProtocolSettings = z
  .strictObject({
    /** The header `api-info`. */
    apiInfo: headerValue.default("V1"),
    device,
    /** `raw` is the guide's `x-auth-token`; the other adds the standard's bearer token. */
    token: z.enum(["raw", "bearer-and-raw"]).default("raw"),
    actionName: z.string().min(1).default("ENCOUNTER_EXPORT"),
    /** Codes of "another request of this user is not done yet", with that request's id. */
    pendingElsewhereCodes: codes.default(["BEDR01"]),
    notReady,
  })
  .prefault({});

export type CcdProtocolSettings = z.infer<typeof ccdProtocolSettings>;

/** What CCDs are asked for. Dates are FHIR instants (`export-request.ts`, `instant`). */
export interface CcdQuery {
  patientId: string;
  startDate?: string | undefined;
  endDate?: string | undefined;
}
