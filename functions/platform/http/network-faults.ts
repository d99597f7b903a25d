import { CertificateRefused } from "#platform/faults/certificate-refused.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";

/** What is wrong with a certificate, by the codes of Node.js ("X509 certificate error codes") and of its check of the host. */
const certificateFaults: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "it has expired",
  CERT_NOT_YET_VALID: "it is not valid yet",
  CERT_REVOKED: "it was revoked",
  ERR_TLS_CERT_ALTNAME_INVALID: "it is for another host",
  HOSTNAME_MISMATCH: "it is for another host",
  DEPTH_ZERO_SELF_SIGNED_CERT: "it is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "its issuer is unknown",
  UNABLE_TO_GET_ISSUER_CERT: "its issuer is unknown",
  // A server that does not send its intermediate certificate looks the same.
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its issuer is unknown, or the server does not send all certificates of its chain",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its issuer is unknown, or the server does not send all certificates of its chain",
};

/** The other codes of Node.js for certificates. */
const otherCertificateFault = /^(?:CERT_|CRL_|UNABLE_TO_|ERROR_IN_C|INVALID_(?:CA|PURPOSE)$|PATH_LENGTH_EXCEEDED$)/;

/** What an operator can act on, by the names that OpenSSL gives to errors of the handshake. */
const handshakeFaults: Readonly<Record<string, string>> = {
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: "it does not speak HTTP/1.1",
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: "it speaks no version of TLS that the bridge accepts",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "it speaks no version of TLS that the bridge accepts",
  ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak TLS at this port",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "it does not speak TLS at this port",
};

/** What is wrong with a certificate, as a clause; undefined if the code is not about one. */
export function certificateFault(code: string): string | undefined {
  return certificateFaults[code] ?? (otherCertificateFault.test(code) ? "it is not valid" : undefined);
}

/** The fault of a request that got no answer: what a person can act on, and the code of the network error. */
export function noAnswerFault(origin: string, error: unknown): ServerUnavailable {
  const code = networkErrorCode(error);
  const certificate = certificateFault(code);
  if (certificate !== undefined) {
    const message = `the bridge does not accept the certificate of ${origin}: ${certificate} (${code})`;
    return new CertificateRefused(message, { cause: error, unexplained: true });
  }
  const handshake = handshakeFaults[code] ?? (code.startsWith("ERR_SSL_") ? "TLS failed" : undefined);
  const reason = handshake === undefined ? "" : `: ${handshake}`;
  return new ServerUnavailable(`no answer from ${origin}${reason} (${code})`, { cause: error });
}

/** The code of a network error, such as ECONNREFUSED. Its message is not used, because it may quote a URL. */
export function networkErrorCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return networkErrorCode(error.errors[0]);
  if (!(error instanceof Error)) return "unknown network error";
  const code = (error as NodeJS.ErrnoException).code;
  return code ?? error.name;
}
