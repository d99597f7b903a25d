import type { CreatedKey, KeyList, RegisteredClient, RetiredKey } from "./key-answers.ts";

/** What an operator sends to Product Support. */
export function createdKeyText(key: CreatedKey): string {
  const { created, role, kid, algorithm, secretName, clientId, keySetUrl, publicKeySet } = key;
  return [
    `${created ? "created" : "exists already:"} the ${role} key ${kid} (${algorithm}), in ${secretName}`,
    "",
    "Send this to Product Support (ProductSupport@integraconnect.com), with the application's name, scope, use case and your email",
    `address. They need the URL or, if they cannot use one, the public key. ${clientId === null ? "They send you a client id" : `The client id is ${clientId}`}.`,
    "",
    `JWKS URL    ${keySetUrl}`,
    `public key  ${JSON.stringify(publicKeySet)}`,
    ...(clientId === null ? ["", "Then run npm run keys -- register --stage … --client-id … --scope …"] : []),
  ].join("\n");
}

export const registeredClientText = ({ secretName }: RegisteredClient): string =>
  `stored the client id and the scope in ${secretName}`;

/** One line for each key, oldest first. */
export function keyListText({ keys, published, keySetUrl }: KeyList): string {
  const lines = keys.map(({ state, algorithm, kid, publishedAt, detail }) => {
    const more = detail === null ? "" : `, ${detail}`;
    return `${state.padEnd(8)} ${algorithm} ${kid}  published ${publishedAt}${more}`;
  });
  const shown = lines.length > 0 ? lines : ["no key is published: run npm run keys -- create"];
  return [...shown, `${published} public keys at ${keySetUrl}`].join("\n");
}

export const retiredKeyText = ({ kid }: RetiredKey): string =>
  `${kid} is not published anymore. Servers may know it for five more minutes`;
