import { keySetMaxAgeSeconds } from "#platform/client-key/key-lifetimes.ts";
import { type Finding, failed, ok, warning } from "#platform/findings/findings.ts";
import { firstOf } from "../checks/findings.ts";
import type { ServedKey, ServedKeySet } from "../checks/served-key-set.ts";

export interface KeySetPorts {
  stage: string;
  url: string;
  /** Fetches the public key set as a server does, without credentials. */
  fetchKeySet: () => Promise<ServedKeySet>;
  /** The ids of the keys that must be in it: those that are next, current or retired by the secret and the ledger. */
  expectedKids: () => Promise<readonly string[]>;
}

/** The members that a public key must not have (RFC 7518, 6.2.2, 6.3.2 and 6.4.1). */
const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/** The public key set as IntegraConnect sees it: exactly the expected keys, public members only, and how long it may be kept. */
export const checkServedKeySet = (ports: KeySetPorts) => async (): Promise<Finding[]> => {
  const { url } = ports;
  const { status, keys, contentType, cacheControl } = await ports.fetchKeySet();
  if (status !== 200)
    return [
      failed(
        `${url} answers with ${status} instead of 200`,
        "check the DNS record of api.domain or the proxy of api.publicUrl, and the log of the function jwks",
      ),
    ];
  return [
    kidsFinding(ports, keys, await ports.expectedKids()),
    membersFinding(keys),
    headersFinding(contentType, cacheControl),
  ];
};

function kidsFinding({ stage, url }: KeySetPorts, keys: readonly ServedKey[], expected: readonly string[]): Finding {
  const served = keys.map(({ kid }) => kid);
  const missing = expected.filter((kid) => !served.includes(kid));
  const unknown = served.filter((kid) => !expected.includes(kid));
  const twice = served.filter((kid, index) => served.indexOf(kid) !== index);
  if (missing.length > 0)
    return failed(
      `${url} lacks ${firstOf(missing)}`,
      `run npm run keys -- create --stage ${stage}, which publishes the keys of the secret. If the key is still missing, a proxy in front of the API serves an old set`,
    );
  if (unknown.length > 0 || twice.length > 0)
    return failed(
      `${url} has ${firstOf([...unknown, ...twice])}, which must not be there`,
      `run npm run keys -- list --stage ${stage}. If the key is gone there, a proxy in front of the API serves an old set`,
    );
  return ok(`${url} has exactly the keys that are next, current or retired: ${firstOf(served)}`);
}

function membersFinding(keys: readonly ServedKey[]): Finding {
  const open = keys.filter((key) => privateMembers.some((member) => member in key)).map(({ kid }) => kid);
  if (open.length > 0)
    return failed(
      `${firstOf(open)} has members of a private key`,
      'take the API out of service, and follow "A key leaked" in docs/runbook.md',
    );
  const unfit = keys.filter(({ use, alg, kty }) => use !== "sig" || typeof alg !== "string" || typeof kty !== "string");
  if (unfit.length > 0)
    return failed(
      `${firstOf(unfit.map(({ kid }) => kid))} lacks use, alg or kty`,
      "compare the answer with docs/openapi.json. If a proxy is in front of the API, it changes the answer",
    );
  return ok("its keys have public members only, with use, alg and kid");
}

function headersFinding(contentType: string | undefined, cacheControl: string | undefined): Finding {
  const maxAge = Number(/(?:^|[,\s])max-age=(\d+)/.exec(cacheControl ?? "")?.[1] ?? Number.NaN);
  if (!/^application\/(?:json|jwk-set\+json)\b/.test(contentType ?? ""))
    return warning(
      `its Content-Type is ${contentType ?? "missing"}`,
      "let the proxy in front of the API pass the header on",
    );
  if (Number.isNaN(maxAge) || maxAge > keySetMaxAgeSeconds)
    return warning(
      `its Cache-Control is ${cacheControl ?? "missing"}, so servers may keep it for longer than a rotation allows for`,
      `let the proxy in front of the API pass max-age=${keySetMaxAgeSeconds} on`,
    );
  return ok(`servers may keep it for ${maxAge} s`);
}
