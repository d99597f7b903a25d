import { once } from "node:events";
import { connect as connectPlainly, isIP, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectByTls } from "node:tls";
import { backendToken } from "#bulk-export/server/backend-token.ts";
import { integraServer } from "#bulk-export/server/integra-server.ts";
import type { StageSettings } from "#infra/settings.ts";
import type { KmsKeys } from "#platform/client-key/signing-key.ts";
import { ClientKeyUnusable } from "#platform/faults/client-key-unusable.ts";
import { ServerUnavailable } from "#platform/faults/faults.ts";
import { connections } from "#platform/http/connections.ts";
import { readBody, undiciHttp } from "#platform/http/http.ts";
import { readJsonObject } from "#platform/http/reading/json.ts";
import { readSmartConfiguration } from "#user-session/smart/smart-configuration.ts";
import { userServer } from "#user-session/user-server.ts";
import type { ConnectionPorts, MetadataPorts, TlsConnection } from "./server-check.ts";
import type { BackendTokenPorts, SignInPorts } from "./token-check.ts";

/** The server as this machine reaches it. */
export interface ServerAccess
  extends Pick<ConnectionPorts, "connect">,
    MetadataPorts,
    Pick<BackendTokenPorts, "tokenUrl" | "requestToken">,
    Pick<SignInPorts, "readSmartConfiguration"> {
  /** The origins of all endpoints, and those of files and of sign-in that the settings allow. */
  origins: readonly URL[];
}

const answerMs = 15_000;
/** Capability statements of real servers have megabytes. */
const metadataLimit = 32 * 1024 * 1024;

/** The access to the server of a stage's settings, as its functions have it. */
export function serverAccess(
  { integra, smart }: Pick<StageSettings, "integra" | "smart">,
  { readSecret, kms }: { readSecret: () => Promise<string | undefined>; kms: Pick<KmsKeys, "sign"> },
): ServerAccess {
  const backend = integraServer(integra);
  const user = userServer({
    ...integra,
    tokenUrl: integra.userTokenUrl,
    authorizationOrigins: smart.authorizationOrigins,
  });
  const backendHttp = undiciHttp(connections(backend));
  const userHttp = undiciHttp(connections(user));
  const metadataUrl = new URL("metadata", user.fhirUrl);
  const origins = new Set([
    ...[backend.tokenUrl, backend.exportUrl].map(({ origin }) => origin),
    ...user.signInOrigins,
    ...user.fileOrigins,
  ]);
  return {
    origins: [...origins].map((origin) => new URL(origin)),
    connect,
    tokenUrl: backend.tokenUrl,
    requestToken: async () => {
      const token = backendToken({
        server: backend,
        http: backendHttp,
        readSecret: async () => {
          const text = await readSecret();
          if (text === undefined) throw new ClientKeyUnusable("the client's secret has no value");
          return text;
        },
        kms,
        now: Date.now,
        sleep: async (ms) => await sleep(ms),
        log: { warn: () => undefined },
      });
      await token.current();
    },
    readSmartConfiguration: () =>
      // What a sign-in can do without is in the log of the launches.
      readSmartConfiguration({ http: userHttp, server: user, onWarning: () => undefined }),
    metadataUrl,
    fetchMetadata: async () => {
      const headers = { accept: "application/fhir+json" };
      const signal = AbortSignal.timeout(answerMs);
      try {
        const answer = await userHttp({ method: "GET", url: metadataUrl, headers, signal });
        return { status: answer.status, json: readJsonObject(await readBody(answer, metadataLimit)) };
      } catch (cause) {
        if (!(cause instanceof DOMException && cause.name === "TimeoutError")) throw cause;
        throw new ServerUnavailable(`no whole answer within ${answerMs / 1000} s`, { cause });
      }
    },
  };
}

const connectMs = 10_000;

async function connect({ protocol, hostname, port }: URL): Promise<TlsConnection | undefined> {
  const host = hostname.replace(/^\[|\]$/g, "");
  const signal = AbortSignal.timeout(connectMs);
  if (protocol === "http:") {
    const socket = connectPlainly({ host, port: Number(port || 80) });
    await opened(socket, "connect", signal, () => undefined);
    return undefined;
  }
  // An address is no server name (RFC 6066, 3).
  const name = isIP(host) === 0 ? { servername: host } : {};
  const socket = connectByTls({ host, port: Number(port || 443), ...name });
  return await opened(socket, "secureConnect", signal, () => ({
    protocol: socket.getProtocol() ?? "TLS",
    certificateEndsAt: Date.parse(socket.getPeerCertificate().valid_to),
  }));
}

async function opened<Result>(socket: Socket, event: string, signal: AbortSignal, read: () => Result): Promise<Result> {
  try {
    await once(socket, event, { signal });
    return read();
  } catch (cause) {
    if (!signal.aborted) throw cause;
    throw Object.assign(new Error(`no connection within ${connectMs / 1000} s`, { cause }), { code: "ETIMEDOUT" });
  } finally {
    socket.destroy();
  }
}
