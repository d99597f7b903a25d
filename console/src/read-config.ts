import type { ConsoleConfig } from "../config.ts";

/**
 * Reads `/config.json`.
 * @throws Error that says which member is missing or malformed
 */
export async function readConfig(): Promise<ConsoleConfig> {
  const response = await fetch("/config.json", { cache: "no-store" });
  if (!response.ok) throw new Error(`/config.json cannot be read (${response.status})`);
  return configOf(await response.json());
}

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";

const checks: { [Member in keyof ConsoleConfig]: (value: unknown) => boolean } = {
  stage: isText,
  apiUrl: isText,
  issuer: isText,
  clientId: isText,
  scopes: (value) => Array.isArray(value) && value.every(isText),
  parameters: (value) => typeof value === "object" && value !== null && Object.values(value).every(isText),
  idleMinutes: (value) => typeof value === "number" && value > 0,
};

/** @throws Error that names the first member that is missing or malformed */
export function configOf(value: unknown): ConsoleConfig {
  const given = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  for (const [member, isValid] of Object.entries(checks))
    if (!isValid(given[member])) throw new Error(`/config.json has no valid ${member}`);
  return given as unknown as ConsoleConfig;
}
