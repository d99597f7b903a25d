import * as z from "zod";
import { patientSearchPaths, usCorePaths } from "#user-session/language/user-endpoints.ts";
import { fileOrigin, serverUrl } from "./server-url.ts";

/** IntegraConnect: its URLs. A URL that is absent is the one that the guide names, below `baseUrl`. */
export const integra = z
  .strictObject({
    baseUrl: serverUrl.default("https://portal.minerva.integracloud.com/"),
    /** The token endpoint of our backend client. */
    tokenUrl: serverUrl.optional(),
    exportUrl: serverUrl.optional(),
    /** The `aud` claim of the client assertion; if absent, the token endpoint's URL. */
    audience: z.string().min(1).optional(),
    /**
     * Whether a job counts as another request's if its manifest's `request` names another export than ours
     * (docs/integra-notes.md).
     */
    matchRequest: z.boolean().default(true),
    /** The token endpoint of a user session. */
    userTokenUrl: serverUrl.optional(),
    /** The FHIR R4 base URL, for a user session. Sign-ins send it as `aud`, with or without a slash at its end as it is written here. */
    fhirUrl: serverUrl.optional(),
    /** The paths of the patient searches, relative to `fhirUrl`. A path that is absent is the one that the guide names. */
    patientSearchPaths: patientSearchPaths.optional(),
    /**
     * The place of the US Core resources, relative to `fhirUrl`: `base` (if absent, `us-core`), and the `spelling` of the types,
     * `as-in-fhir` (if absent) or `lower-case`. The path of Patient is in `patientSearchPaths`.
     */
    usCorePaths: usCorePaths.optional(),
    /** The three endpoints for CCDs. */
    ccdRequestUrl: serverUrl.optional(),
    ccdNonceUrl: serverUrl.optional(),
    ccdDownloadUrl: serverUrl.optional(),
    /**
     * Origins besides the server's own from which files may be downloaded, such as `https://files.example.org`. They
     * receive no token of ours. A host name must resolve to public addresses; list a private file server by its address.
     */
    fileOrigins: z.array(fileOrigin).default([]),
  })
  .prefault({});

export type IntegraSettings = z.infer<typeof integra>;
