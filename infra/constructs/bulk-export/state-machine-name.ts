/** The name of the bulk-export state machine, which is part of its executions' ARNs. */
export const bulkExportName = (stage: string): string => `integra-bridge-${stage}-bulk-export`;
