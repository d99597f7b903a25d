import * as z from "zod";
import { publicJwk } from "#platform/client-key/public-jwk.ts";

/** A key that was made, or that exists already, and what Product Support needs of it. */
export const createdKey = z.strictObject({
  secretName: z.string(),
  created: z.boolean().describe("False if the key existed already."),
  role: z.enum(["current", "next"]),
  kid: z.string(),
  algorithm: z.string(),
  clientId: z.string().nullable().describe("Null until `keys register`."),
  keySetUrl: z.url(),
  publicKeySet: z.strictObject({ keys: z.array(publicJwk) }),
});
export type CreatedKey = z.infer<typeof createdKey>;

/** The client as Product Support assigned it. */
export const registeredClient = z.strictObject({ secretName: z.string(), clientId: z.string(), scope: z.string() });
export type RegisteredClient = z.infer<typeof registeredClient>;

/** The keys that the stage knows, the oldest first. */
export const keyList = z.strictObject({
  keySetUrl: z.url(),
  published: z.int().nonnegative().describe("How many public keys the key set has."),
  keys: z.array(
    z.strictObject({
      kid: z.string(),
      algorithm: z.string(),
      state: z.enum(["next", "current", "retired", "gone"]),
      publishedAt: z.iso.datetime(),
      detail: z.string().nullable().describe("What the state means for this key, for people."),
    }),
  ),
});
export type KeyList = z.infer<typeof keyList>;

/** A key that is not published anymore. */
export const retiredKey = z.strictObject({ kid: z.string() });
export type RetiredKey = z.infer<typeof retiredKey>;
