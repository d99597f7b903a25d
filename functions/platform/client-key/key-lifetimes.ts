/*
 * How long a client's key is seen by whom. A rotation relies on all of these, so they stand in one place.
 */

/** The `max-age` of the public key set. A server that obeys it knows a new key after this time (SMART, "Registering a client"). */
export const keySetMaxAgeSeconds = 300;

/** How long a container uses the secret that it has read. */
export const keyCachedSeconds = 300;

/** How long a container may take from its decision for a key to its last signature: three token requests with their pauses. */
export const signingSeconds = 60;

/** The life of a client assertion. It is below the specification's five minutes, so that a server whose clock is slow accepts it. */
export const assertionSeconds = 240;

/** How far the clocks of servers may be apart from ours. */
export const clockSkewSeconds = 300;

/** A key must be published this long, in milliseconds, before it signs. */
export const publishedBeforeUseMs = 2 * keySetMaxAgeSeconds * 1000;

/**
 * A key stays published this long, in milliseconds, after the secret has another current key: until the last container has
 * forgotten the key, its last assertion has expired by any clock, and the next version of the key set is known.
 */
export const publishedAfterUseMs =
  (keyCachedSeconds + signingSeconds + assertionSeconds + clockSkewSeconds + keySetMaxAgeSeconds) * 1000;
