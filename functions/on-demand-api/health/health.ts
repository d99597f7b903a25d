import type { BulkExports } from "#bulk-export/entry.ts";
import { clientSecretFinding, currentKeyFinding, keysOf } from "#client-keys/language/client-findings.ts";
import { type PublishedKey, publicKeys } from "#client-keys/language/key-set.ts";
import type { ApiHandler } from "#on-demand-api/gateway/api.ts";
import { ApiProblem } from "#on-demand-api/language/api-problem.ts";
import { type ExportCallers, rightsOf } from "#on-demand-api/language/export-rights.ts";
import { type HealthCheck, type HealthReport, healthChecks } from "#on-demand-api/language/health-messages.ts";
import { jsonAnswer } from "#on-demand-api/language/json-answer.ts";
import { type Finding, ok, unchecked, worstOf } from "#platform/findings/findings.ts";
import { type SessionState, serviceSessionFinding } from "#user-session/language/session-state.ts";
import type { ProbedEndpoint, ProbeEndpoint } from "./endpoint-probe.ts";
import { exportFindings } from "./export-findings.ts";

export interface HealthPorts {
  stage: string;
  /** The setting `api.exports`. */
  callers: ExportCallers;
  /** The setting `api.serviceSession`: whether calls without a link use the stage's own session. */
  serviceSession: boolean;
  /** The setting `clientKey.rotateEveryDays`. */
  rotateEveryDays: number | undefined;
  /** The current text of the client's secret; undefined if it has no value. */
  readClientSecret: () => Promise<string | undefined>;
  readKeySet: () => Promise<readonly PublishedKey[]>;
  /** Undefined if the stage's own session has not begun. */
  readServiceSession: () => Promise<SessionState | undefined>;
  fhirUrl: URL;
  tokenUrl: URL;
  probe: ProbeEndpoint;
  progress: Pick<BulkExports["progress"], "list">;
  /** Called with the error of a check that could not be made. The answer does not have it. */
  onUnchecked: (check: HealthCheck, error: unknown) => void;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** How many exports are looked at. */
const examinedExports = 20;

/**
 * Serves `GET /health`: what the bridge finds if it looks at its client, its keys, its own session, the server and the newest exports.
 * It changes nothing and requests no token. Each caller who may see exports may see it.
 * A check that cannot be made is a finding, so the others still show.
 * @throws ApiProblem (403) if the setting `api.exports` does not name the caller
 */
export const serveHealth =
  (ports: HealthPorts): ApiHandler =>
  async ({ caller }) => {
    if (rightsOf(caller, ports.callers).size === 0) throw forbidden();
    const at = new Date(ports.now()).toISOString();
    const checks = checksOf(ports);
    const found = await Promise.all(healthChecks.map((check) => findingsOf(ports, check, checks[check])));
    const findings = found.flat();
    const report: HealthReport = { stage: ports.stage, at, verdict: worstOf(findings), findings };
    return jsonAnswer(200, report);
  };

type Check = () => Promise<Finding[]>;

function checksOf(ports: HealthPorts): Record<HealthCheck, Check> {
  const { stage, serviceSession, now } = ports;
  let secret: Promise<string | undefined> | undefined;
  const readSecret = () => (secret ??= ports.readClientSecret());
  return {
    secrets: async () => [clientSecretFinding(stage, await readSecret())],
    keys: async () => await keyFindings(ports, await readSecret()),
    sessions: async () => {
      const session = await ports.readServiceSession();
      return [serviceSessionFinding({ stage, serviceSession, session, now: now() })];
    },
    server: async () => await Promise.all(endpointsOf(ports).map((endpoint) => ports.probe(endpoint))),
    exports: async () => {
      const page = { limit: examinedExports, from: undefined, to: undefined, after: undefined };
      return exportFindings((await ports.progress.list(page)).exports, now());
    },
  };
}

async function keyFindings(ports: HealthPorts, secret: string | undefined): Promise<Finding[]> {
  const keys = keysOf(secret);
  if (keys === undefined) return [unchecked("the secret has no usable key", "follow the finding about the secret")];
  const published = await ports.readKeySet();
  const kids = publicKeys(published, ports.now()).map(({ kid }) => kid);
  return [
    currentKeyFinding(ports, keys.current, published),
    ...(kids.length > 0 ? [ok(`the public key set has ${kids.join(", ")}`)] : []),
  ];
}

/** A FHIR server may want a token for its metadata. A token endpoint answers a GET with an error, but not with one of its own. */
const endpointsOf = ({ fhirUrl, tokenUrl }: HealthPorts): ProbedEndpoint[] => [
  { url: new URL("metadata", fhirUrl), isThere: (status) => [200, 401, 403].includes(status) },
  { url: tokenUrl, isThere: (status) => status < 500 },
];

async function findingsOf({ onUnchecked }: HealthPorts, check: HealthCheck, find: Check) {
  try {
    return (await find()).map((finding) => ({ check, ...finding }));
  } catch (error) {
    onUnchecked(check, error);
    // The message of the error may hold anything, so only the log has it.
    const finding = unchecked("the bridge could not check this", "read the log of the function health");
    return [{ check, ...finding }];
  }
}

const forbidden = (): ApiProblem =>
  new ApiProblem("You may not see the health of the stage", {
    status: 403,
    issue: "forbidden",
    detail: "Ask the operator to name you in one of the lists of the setting api.exports.",
  });
