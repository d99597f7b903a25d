/** The tag of the keys in KMS that sign for the client of a stage. Its value is the stage. */
export const clientKeyTag = "integra-bridge:client-of";
