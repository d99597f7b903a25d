/** The name of a stage's backup vault. It is the same in every stack. */
export const backupVaultName = (stage: string): string => `integra-bridge-${stage}`;

/** The name of the trail that records reads. */
export const trailName = (stage: string): string => `integra-bridge-${stage}-reads`;
