import * as z from "zod";
import { type SigningAlgorithm, signingAlgorithms } from "#platform/client-key/client-secret.ts";

/** The kinds of keys in KMS that sign client assertions, with the algorithm of each. */
export const kmsKeySpecs = {
  RSA_3072: "RS384",
  RSA_4096: "RS384",
  ECC_NIST_P384: "ES384",
} as const satisfies Record<string, SigningAlgorithm>;

export type KmsKeySpec = keyof typeof kmsKeySpecs;

/** The key with which the bridge proves to IntegraConnect who it is. */
export const clientKey = z
  .strictObject({
    /** The algorithm of new keys in Secrets Manager. A key in KMS has the algorithm of its kind. */
    algorithm: z.enum(signingAlgorithms).default("ES384"),
    /**
     * Days between two rotations. If absent, an operator rotates. Set it only if IntegraConnect reads the public keys from
     * `/.well-known/jwks.json`: nobody registers the new key otherwise.
     */
    rotateEveryDays: z.number().int().min(1).max(1000).optional(),
    /** If present, the keys are in KMS and cannot be read by anybody. */
    kms: z
      .strictObject({
        spec: z.enum(Object.keys(kmsKeySpecs) as [KmsKeySpec, ...KmsKeySpec[]]).default("ECC_NIST_P384"),
        /** The names of the keys, oldest first, one for each rotation: `["a", "b"]`. Add one before you rotate. */
        keys: z
          .array(z.string().regex(/^[A-Za-z0-9]{1,16}$/))
          .min(1)
          .max(10)
          .refine((names) => new Set(names).size === names.length, "must be different names"),
      })
      .optional(),
  })
  .prefault({});

export type ClientKeySettings = z.infer<typeof clientKey>;
