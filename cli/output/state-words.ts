/** The state of an export or a CCD request as the end of a sentence. */
export const stateWords = (state: string): string => (state === "failed" ? "has failed" : `is ${state}`);
