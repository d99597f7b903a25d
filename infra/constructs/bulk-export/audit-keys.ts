/** The key pattern of an audit fact about an export, for any export and run. Some facts have an id or a word added. */
export const exportAuditKeys = (fact: string): string => `audit/*/${fact}*.json`;
