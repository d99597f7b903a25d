/** What went wrong, for a log line: a fault's message, which never holds a credential or a patient. */
export const reasonOf = (fault: unknown): string => (fault instanceof Error ? fault.message : String(fault));
