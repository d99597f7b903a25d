/** The reason of a failure, for a log line: the fault's message, which never holds a credential or names a patient. */
export const reasonOf = (fault: unknown): string => (fault instanceof Error ? fault.message : String(fault));
