import type { ExportAuditFact } from "#bulk-export/language/export-audit-facts.ts";
import { exportAuditKeys, exportKeys } from "#bulk-export/language/export-keys.ts";
import { keyPattern, keyPatterns } from "#platform/bucket/object-keys.ts";

/** The key patterns of every kind of an export's objects, for any export. */
export const exportObjects = keyPatterns(exportKeys);

/** The key pattern of an audit fact, for any export and run. A run may kick off several jobs, so that fact names its job. */
export const exportFact = (fact: ExportAuditFact): string =>
  keyPattern(exportAuditKeys.fact, { fact: fact === "kicked-off" ? `${fact}-*` : fact });
