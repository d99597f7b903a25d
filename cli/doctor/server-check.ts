import { ServerUnavailable } from "#platform/faults/faults.ts";
import { type Finding, failed, ok, warning } from "#platform/findings/findings.ts";
import { certificateFault } from "#platform/http/network-faults.ts";

/** What was agreed on for a connection. */
export interface TlsConnection {
  /** Such as `TLSv1.3`. */
  protocol: string;
  /** When the server's certificate ends, in milliseconds since the epoch. */
  certificateEndsAt: number;
}

/** An answer of the server to a request without a token. */
export interface OpenAnswer {
  status: number;
  /** The body as a JSON object; undefined if it is none. */
  json: Record<string, unknown> | undefined;
}

export interface ConnectionPorts {
  /** An origin of the settings' endpoints. */
  origin: URL;
  /**
   * Opens a connection and closes it again. Undefined if the URL is plain HTTP.
   * @throws Error with a code of Node.js, such as ECONNREFUSED or CERT_HAS_EXPIRED
   */
  connect: (origin: URL) => Promise<TlsConnection | undefined>;
  /** Whether the stage calls the server from fixed addresses, which this machine does not have. */
  fixedEgress: boolean;
  now: () => number;
}

export interface MetadataPorts {
  metadataUrl: URL;
  /** @throws ServerUnavailable if no answer comes */
  fetchMetadata: () => Promise<OpenAnswer>;
}

const dayMs = 86_400_000;
const fewDays = 14;

/** An origin of the server accepts connections, with a valid certificate. */
export const checkConnection =
  ({ origin, connect, fixedEgress, now }: ConnectionPorts) =>
  async (): Promise<Finding> => {
    try {
      const connection = await connect(origin);
      if (connection === undefined)
        return ok(`${origin.origin} accepts connections, by plain HTTP on a loopback address`);
      const { protocol, certificateEndsAt } = connection;
      const seen = `${origin.origin} accepts connections by ${protocol}, and its certificate is valid until ${new Date(certificateEndsAt).toISOString()}`;
      if (certificateEndsAt - now() > fewDays * dayMs) return ok(seen);
      return warning(seen, "ask the server's operator to renew the certificate");
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
      // Anything else is no fault of the connection.
      if (code === undefined) throw error;
      const certificate = certificateFault(code);
      const reason = certificate === undefined ? "" : `, because its certificate is not accepted: ${certificate}`;
      const seen = `${origin.origin} accepts no connection from this machine${reason} (${code})`;
      return failed(seen, actionOf(code, fixedEgress));
    }
  };

function actionOf(code: string, fixedEgress: boolean): string {
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO/.test(code))
    return "do not switch the check of certificates off: ask the server's operator for a valid certificate";
  if (code === "ENOTFOUND") return "correct the host in the settings integra of cdk.json, and deploy";
  const elsewhere = fixedEgress
    ? ". The server may admit the stage's own addresses only: npm run smoke with --export tries from there"
    : "";
  return `check the settings integra of cdk.json, and the server's status${elsewhere}`;
}

/** The FHIR base answers, and is one of FHIR R4. */
export const checkMetadata =
  ({ metadataUrl, fetchMetadata }: MetadataPorts) =>
  async (): Promise<Finding> => {
    const { href } = metadataUrl;
    const action = "check the setting integra.fhirUrl, and the server's status";
    try {
      const { status, json } = await fetchMetadata();
      if (status === 401 || status === 403) return ok(`${href} answers, and wants a token (${status})`);
      if (status !== 200) return failed(`${href} answers with ${status}`, action);
      const version = json?.["fhirVersion"];
      if (json?.["resourceType"] !== "CapabilityStatement" || typeof version !== "string")
        return failed(`${href} answers with something else than a CapabilityStatement`, action);
      if (!version.startsWith("4.")) return failed(`${href} is FHIR ${version}, and the bridge reads R4`, action);
      return ok(`${href} answers, with FHIR ${version}`);
    } catch (error) {
      if (!(error instanceof ServerUnavailable)) throw error;
      return failed(`${href} does not answer: ${error.message}`, action);
    }
  };
