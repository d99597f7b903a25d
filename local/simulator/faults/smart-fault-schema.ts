import * as z from "zod";

const origin = z.url().optional();

/** The faults of SMART launches. Each has its endpoints in ENDPOINTS_OF_FAULT, whose other requests it passes by. */
export const smartFaults = [
  /** Both discovery documents: a change of the document. */
  z.strictObject({
    kind: z.literal("odd-discovery"),
    change: z.enum([
      "no-jwks-uri",
      "no-issuer",
      "no-token-endpoint",
      "no-pkce",
      /** The only method of PKCE is `plain`, which SMART forbids. */
      "plain-pkce",
      /** All members that are not required are null. */
      "null-members",
      /** Paths instead of URLs, as legacy servers have them (SMART: "Using Well-Known"). */
      "relative-urls",
      /** Endpoints on `origin` (default https://attacker.example), all or only `members`. */
      "foreign-endpoints",
      /** `issuer` is `origin`. */
      "foreign-issuer",
      /** Two million characters. */
      "oversized",
    ]),
    origin,
    members: z.array(z.string()).optional(),
  }),
  /** The key set: a change of the document. */
  z.strictObject({
    kind: z.literal("odd-keys"),
    change: z.enum(["empty", "other-kids", "no-kids", "encryption-only", "oversized"]),
  }),
  /** Answer to a code or a refresh token: an id token that a client must refuse. */
  z.strictObject({
    kind: z.literal("altered-id-token"),
    form: z.enum([
      "bad-signature",
      "alg-none",
      /** HS256 with the server's public key as the secret. */
      "hs256",
      "unknown-kid",
      "no-kid",
      "foreign-issuer",
      "wrong-audience",
      "no-audience",
      "wrong-azp",
      "wrong-nonce",
      "no-nonce",
      "other-subject",
      "no-subject",
      "expired",
      "no-expiry",
      "not-yet-valid",
      "not-a-jwt",
    ]),
  }),
  /** Answer to a code or a refresh token: valid tokens in an odd answer. */
  z.strictObject({
    kind: z.literal("odd-token-answer"),
    form: z.enum([
      /** 201 instead of 200. */
      "created-status",
      /** `expires_in`, `scope`, `id_token` and the launch context are null. */
      "null-members",
      "null-refresh-token",
      /** The granted scope has offline access, but no refresh token is given, although it has rotated. */
      "no-refresh-token",
      /** A refresh token is given, but the granted scope hides it. */
      "scope-hides-refresh-token",
      "scope-as-list",
      "no-scope",
      /** Only the first of the granted scopes is named. */
      "fewer-scopes",
      "no-id-token",
      /** `patient` is that of the fault, or "999". */
      "other-patient",
      "no-patient",
      /** "Patient/123". */
      "patient-as-reference",
      /** The id as a number: 123 in place of "123". Only for ids that are numbers. */
      "patient-as-number",
      "no-token-type",
    ]),
    patient: z.string().optional(),
  }),
  /** The redirect after the user's decision: another callback than the right one. */
  z.strictObject({
    kind: z.literal("odd-callback"),
    form: z.enum([
      /** `iss` is `origin` (default https://attacker.example), as a mixed-up server has it (RFC 9207). */
      "wrong-iss",
      "no-iss",
      "no-state",
      "other-state",
      "doubled-code",
      "doubled-state",
      "code-and-error",
      /** The `error` (default access_denied) with the state, in place of a code. */
      "error",
      "error-without-state",
      /** The `error` with a description of markup, line breaks and 4,000 characters. */
      "hostile-description",
      /** What Oracle Health answers if the parameter `launch` is missing. */
      "launch-code-required",
      /** An additional parameter `launch`. */
      "launch-echo",
      /** The server sends HEAD and GET to the callback before the browser follows, as previews and scanners do. */
      "previewed",
    ]),
    origin,
    error: z.string().optional(),
  }),
  /** The redirect of an EHR launch to the app: another `iss` or `launch` than the right one. */
  z.strictObject({
    kind: z.literal("odd-launch"),
    form: z.enum([
      "foreign-iss",
      "userinfo-iss",
      "other-port-iss",
      "dot-segments-iss",
      "trailing-slash-iss",
      "doubled-slash-iss",
      "upper-case-iss",
      "doubled-iss",
      "no-iss",
      "no-launch",
      "invented-launch",
    ]),
  }),
] as const;

export type SmartFault = z.infer<(typeof smartFaults)[number]>;
export type IdTokenForm = Extract<SmartFault, { kind: "altered-id-token" }>["form"];
