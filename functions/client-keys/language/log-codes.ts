/** The log codes of this wing, each with the sentence that its log lines carry. The runbook explains each. */
export const clientKeyLogCodes = {
  KEY_ROTATION_STEP_ENDED: "A step of a rotation of the client's key ended.",
  KEY_ROTATION_ONLY_PUBLISHED: "The rotation published a next key. The current key stays until the next rotation.",
  KEY_ROTATION_NOTHING_TO_TEST: "The rotation was tested without a new version of the secret.",
  KEY_SET_UNREADABLE: "The public key set could not be read, and the server got no keys.",
} as const;

export type ClientKeyLogCode = keyof typeof clientKeyLogCodes;
