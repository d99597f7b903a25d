import { createServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { integraServer } from "#bulk-export/server/integra-server.ts";
import { CertificateRefused } from "#platform/faults/certificate-refused.ts";
import { connections } from "#platform/http/connections.ts";
import { readBody, undiciHttp } from "#platform/http/http.ts";
import { noAnswerFault } from "#platform/http/network-faults.ts";
import { listenOnLoopback } from "../../../fixtures/loopback.ts";
import { selfSigned } from "../../../fixtures/self-signed.ts";

const known = getCACertificates();

async function get(origin: string): Promise<string> {
  const agent = connections(integraServer({ baseUrl: origin }));
  try {
    const answer = await undiciHttp(agent)({ method: "GET", url: new URL(origin), headers: {} });
    return (await readBody(answer, 100)).toString();
  } finally {
    await agent.destroy();
  }
}

async function answerWith(options: Parameters<typeof selfSigned>[0], isKnown: boolean): Promise<[string, unknown]> {
  const certificate = selfSigned(options);
  if (isKnown) setDefaultCACertificates([...known, certificate.cert]);
  const server = createHttpsServer(certificate, (_, response) => response.end("here"));
  const origin = `https://localhost:${await listenOnLoopback(server)}`;
  const outcome = await get(origin).catch((fault: unknown) => fault);
  server.close();
  return [origin, outcome];
}

describe("a server whose certificate is not accepted", () => {
  afterEach(() => setDefaultCACertificates(known));

  it("a server with a valid certificate is read", async () => {
    expect((await answerWith({ host: "localhost", days: [-1, 1] }, true))[1]).toBe("here");
  });

  it.each([
    ["has expired", { host: "localhost", days: [-2, -1] }, true, "it has expired (CERT_HAS_EXPIRED)"],
    ["is not valid yet", { host: "localhost", days: [1, 2] }, true, "it is not valid yet (CERT_NOT_YET_VALID)"],
    [
      "is for another host",
      { host: "other.example", days: [-1, 1] },
      true,
      "it is for another host (ERR_TLS_CERT_ALTNAME_INVALID)",
    ],
    ["is self-signed", { host: "localhost", days: [-1, 1] }, false, "it is self-signed (DEPTH_ZERO_SELF_SIGNED_CERT)"],
  ] as const)("the fault says that the certificate %s", async (_, { host, days }, isKnown, words) => {
    const [origin, fault] = await answerWith({ host, days: [...days] }, isKnown);
    expect(fault).toBeInstanceOf(CertificateRefused);
    expect(fault).toMatchObject({
      name: "ServerUnavailable",
      message: `the bridge does not accept the certificate of ${origin}: ${words}`,
      unexplained: true,
    });
  });

  it.each([
    [
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "its issuer is unknown, or the server does not send all certificates of its chain",
    ],
    ["SELF_SIGNED_CERT_IN_CHAIN", "its issuer is unknown"],
    ["CERT_REVOKED", "it was revoked"],
    ["INVALID_PURPOSE", "it is not valid"],
  ])("the fault of %s says: %s", (code, words) => {
    const fault = noAnswerFault("https://fhir.example", Object.assign(new Error("no"), { code }));
    expect(fault).toBeInstanceOf(CertificateRefused);
    expect(fault.message).toContain(`: ${words} (${code})`);
  });
});

describe("a server without an answer", () => {
  it("the fault says that the port does not speak TLS", async () => {
    const server = createServer((_, response) => response.end("here"));
    const origin = `https://127.0.0.1:${await listenOnLoopback(server)}`;
    await expect(get(origin)).rejects.toMatchObject({
      message: `no answer from ${origin}: it does not speak TLS at this port (ERR_SSL_WRONG_VERSION_NUMBER)`,
    });
    server.close();
  });

  it.each([
    ["ERR_SSL_WRONG_VERSION_NUMBER", "no answer from https://fhir.example: it does not speak TLS at this port"],
    ["ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL", "no answer from https://fhir.example: it does not speak HTTP/1.1"],
    ["ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE", "no answer from https://fhir.example: TLS failed"],
    ["ECONNREFUSED", "no answer from https://fhir.example"],
  ])("the fault of %s begins: %s", (code, words) => {
    const fault = noAnswerFault("https://fhir.example", Object.assign(new Error("no"), { code }));
    expect(fault).not.toBeInstanceOf(CertificateRefused);
    expect(fault).toMatchObject({ message: `${words} (${code})`, unexplained: false });
  });
});
