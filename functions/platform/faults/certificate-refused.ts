import { ServerUnavailable } from "./faults.ts";

/**
 * The server's certificate is not accepted. No request was sent. A person has to replace the certificate, so the bridge gives up soon
 * (`unexplained`), unless work of the server is at stake.
 */
export class CertificateRefused extends ServerUnavailable {}
