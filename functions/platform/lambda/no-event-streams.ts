/*
 * The bundler puts this module in the place of `@smithy/core/event-streams` (infra/bundle-functions.ts). The SDK needs event
 * streams for operations such as S3's SelectObjectContent, which the bridge does not use. The SDK loads them by a dynamic import.
 * In a bundle of one file, that import would make a third of the SDK's modules start one by one, each in a function of its own.
 */

/** S3's client adds the serialisation of event streams to its settings. */
export const resolveEventStreamSerdeConfig = <Config>(config: Config): Config => config;

/** @throws Error always */
export function eventStreamSerdeProvider(): never {
  throw new Error(
    "the bundles of the bridge's functions have no event streams (functions/platform/lambda/no-event-streams.ts)",
  );
}

export { eventStreamSerdeProvider as EventStreamSerde };
