import * as z from "zod";
import { signingAlgorithms } from "./client-secret.ts";

/** A public key as the key set has it (RFC 7517, 4; SMART, "Registering a client"). */
export const publicJwk = z.object({
  kty: z.string(),
  kid: z.string(),
  alg: z.enum(signingAlgorithms),
  use: z.literal("sig"),
  n: z.string().optional(),
  e: z.string().optional(),
  crv: z.string().optional(),
  x: z.string().optional(),
  y: z.string().optional(),
});

export type PublicJwk = z.infer<typeof publicJwk>;
