import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { SmartFault } from "#local/simulator/faults/smart-fault-schema.ts";
import type { Reply } from "#local/simulator/http/http-reply.ts";

type FaultOf<Kind extends SmartFault["kind"]> = Extract<SmartFault, { kind: Kind }>;
type Members = Readonly<Record<string, unknown>>;

const ATTACKER = "https://attacker.example";
const OVERSIZE = 2_000_000;
const REQUIRED: ReadonlySet<string> = new Set([
  "grant_types_supported",
  "token_endpoint",
  "authorization_endpoint",
  "capabilities",
  "code_challenge_methods_supported",
]);
const HOSTILE =
  `</p><script>alert(1)</script><img src=x onerror=alert(1)>\r\nSet-Cookie: a=b\r\n\u001b[31m ${ATTACKER} `.padEnd(
    4000,
    "A",
  );
const LAUNCH_CODE_REQUIRED = "urn:com:cerner:authorization:error:launch:code-required";

const membersSchema = z.record(z.string(), z.unknown());
const keySetSchema = z.looseObject({ keys: z.array(membersSchema) });

/** The answer of a discovery document with the fault's change. */
export function changeDiscovery(reply: Reply, { change, origin = ATTACKER, members }: FaultOf<"odd-discovery">): Reply {
  const changes: Readonly<Record<typeof change, (document: Members) => Members>> = {
    "no-jwks-uri": without("jwks_uri"),
    "no-issuer": without("issuer"),
    "no-token-endpoint": without("token_endpoint"),
    "no-pkce": without("code_challenge_methods_supported"),
    "plain-pkce": (document) => ({ ...document, code_challenge_methods_supported: ["plain"] }),
    "null-members": (document) => mapMembers(document, (name, value) => (REQUIRED.has(name) ? value : null)),
    "relative-urls": mapUrls(({ pathname, search }) => pathname + search),
    "foreign-endpoints": mapUrls(({ pathname, search }) => origin + pathname + search, members),
    "foreign-issuer": (document) => ({ ...document, issuer: origin }),
    oversized: (document) => ({ ...document, padding: "x".repeat(OVERSIZE) }),
  };
  return changeJson(reply, changes[change]);
}

/** The answer of a key set with the fault's change. */
export function changeKeys(reply: Reply, { change }: FaultOf<"odd-keys">): Reply {
  const changes: Readonly<Record<typeof change, (document: Members) => Members>> = {
    empty: () => ({ keys: [] }),
    "other-kids": mapKeys((key) => ({ ...key, kid: randomUUID() })),
    "no-kids": mapKeys(without("kid")),
    "encryption-only": mapKeys((key) => ({ ...key, use: "enc", alg: "RSA-OAEP" })),
    oversized: (document) => ({ ...document, padding: "x".repeat(OVERSIZE) }),
  };
  return changeJson(reply, changes[change]);
}

/** A token answer in the fault's form. */
export function changeTokenAnswer(reply: Reply, { form, patient = "999" }: FaultOf<"odd-token-answer">): Reply {
  if (form === "created-status") return { ...reply, status: 201 };
  const changes: Readonly<Record<typeof form, (answer: Members) => Members>> = {
    "null-members": (answer) =>
      mapMembers(answer, (name, value) =>
        ["access_token", "token_type", "refresh_token"].includes(name) ? value : null,
      ),
    "null-refresh-token": (answer) => ({ ...answer, refresh_token: null }),
    "no-refresh-token": without("refresh_token"),
    "scope-hides-refresh-token": (answer) => ({
      ...answer,
      scope: scopesOf(answer)
        .filter((scope) => !scope.startsWith("offline"))
        .join(" "),
    }),
    "scope-as-list": (answer) => ({ ...answer, scope: scopesOf(answer) }),
    "no-scope": without("scope"),
    "fewer-scopes": (answer) => ({ ...answer, scope: scopesOf(answer)[0] }),
    "no-id-token": without("id_token"),
    "other-patient": (answer) => ({ ...answer, patient }),
    "no-patient": without("patient"),
    "patient-as-reference": (answer) => ({ ...answer, patient: `Patient/${String(answer["patient"])}` }),
    "patient-as-number": (answer) => ({ ...answer, patient: Number(answer["patient"]) }),
    "no-token-type": without("token_type"),
  };
  return changeJson(reply, changes[form]);
}

/** The redirect to the client's callback in the fault's form. */
export function changeCallback(reply: Reply, { form, origin = ATTACKER, error }: FaultOf<"odd-callback">): Reply {
  const changes: Readonly<Record<typeof form, (query: URLSearchParams) => void>> = {
    "wrong-iss": (query) => query.set("iss", origin),
    "no-iss": (query) => query.delete("iss"),
    "no-state": (query) => query.delete("state"),
    "other-state": (query) => query.set("state", randomUUID()),
    "doubled-code": (query) => query.append("code", randomUUID()),
    "doubled-state": (query) => query.append("state", randomUUID()),
    "code-and-error": (query) => query.set("error", error ?? "server_error"),
    error: (query) => refuse(query, error ?? "access_denied", "The request was refused."),
    "error-without-state": (query) => {
      refuse(query, error ?? "access_denied", "The request was refused.");
      query.delete("state");
    },
    "hostile-description": (query) => refuse(query, error ?? "access_denied", HOSTILE),
    "launch-code-required": (query) => refuse(query, LAUNCH_CODE_REQUIRED, "A launch code is required."),
    "launch-echo": (query) => query.set("launch", randomUUID()),
    previewed: () => undefined,
  };
  return changeLocation(reply, (url) => changes[form](url.searchParams));
}

/** The redirect of an EHR launch to the app's launch URL in the fault's form. */
export function changeLaunch(reply: Reply, { form }: FaultOf<"odd-launch">): Reply {
  const changes: Readonly<Record<typeof form, (iss: URL) => string>> = {
    "foreign-iss": ({ pathname }) => ATTACKER + pathname,
    "userinfo-iss": ({ protocol, host, pathname }) => `${protocol}//${host}@attacker.example${pathname}`,
    "other-port-iss": ({ protocol, hostname, pathname }) => `${protocol}//${hostname}:1${pathname}`,
    "dot-segments-iss": ({ origin, pathname }) => `${origin}/integra/other/../..${pathname}`,
    "trailing-slash-iss": ({ href }) => `${href}/`,
    "doubled-slash-iss": ({ origin, pathname }) => `${origin}/${pathname}`,
    "upper-case-iss": ({ href }) => href.toUpperCase(),
    "doubled-iss": ({ href }) => href,
    "no-iss": ({ href }) => href,
    "no-launch": ({ href }) => href,
    "invented-launch": ({ href }) => href,
  };
  return changeLocation(reply, ({ searchParams: query }) => {
    query.set("iss", changes[form](new URL(query.get("iss") ?? "")));
    if (form === "doubled-iss") query.append("iss", ATTACKER);
    if (form === "no-iss") query.delete("iss");
    if (form === "no-launch") query.delete("launch");
    if (form === "invented-launch") query.set("launch", randomUUID());
  });
}

function mapUrls(form: (url: URL) => string, names?: readonly string[]): (document: Members) => Members {
  return (document) =>
    mapMembers(document, (name, value) => {
      const isMeant = /_(?:endpoint|uri)$/.test(name) && names?.includes(name) !== false;
      return isMeant ? form(new URL(String(value))) : value;
    });
}

function mapKeys(form: (key: Members) => Members): (document: Members) => Members {
  return (document) => ({ keys: keySetSchema.parse(document).keys.map(form) });
}

function scopesOf(answer: Members): string[] {
  return String(answer["scope"]).split(" ");
}

function refuse(query: URLSearchParams, code: string, description: string): void {
  query.delete("code");
  query.set("error", code);
  query.set("error_description", description);
}

function without(name: string): (members: Members) => Members {
  return (members) => Object.fromEntries(Object.entries(members).filter(([other]) => other !== name));
}

function mapMembers(members: Members, form: (name: string, value: unknown) => unknown): Members {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, form(name, value)]));
}

function changeJson(reply: Reply, change: (members: Members) => Members): Reply {
  const members = membersSchema.parse(JSON.parse(reply.body.toString("utf8")));
  return { ...reply, body: Buffer.from(JSON.stringify(change(members))) };
}

function changeLocation(reply: Reply, change: (url: URL) => void): Reply {
  const url = new URL(reply.headers["location"] ?? "");
  change(url);
  return { ...reply, headers: { ...reply.headers, location: url.href } };
}
