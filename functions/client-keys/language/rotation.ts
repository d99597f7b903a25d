import * as z from "zod";

/** The steps of a rotation, in their order (Secrets Manager, "Four steps in a rotation function"). */
export const rotationSteps = ["createSecret", "setSecret", "testSecret", "finishSecret"] as const;

/** What Secrets Manager sends for each step. */
export const rotationEvent = z.object({
  Step: z.enum(rotationSteps),
  /** The ARN of the secret. */
  SecretId: z.string(),
  /** The id of the version that the rotation makes. */
  ClientRequestToken: z.string().min(32).max(64),
});

export type RotationEvent = z.infer<typeof rotationEvent>;

/** What a step answers. Secrets Manager ignores it. */
export const rotationResult = z.object({ step: z.enum(rotationSteps) });
