/**
 * How long an AWS client waits if requests and answers are small. By default the SDK waits for ever: one lost packet could
 * cost a function all of its time. A request without an answer is sent again. Every write of ours recognises itself if it
 * arrives twice, or does no harm.
 */
export const smallRequests = {
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
};

/** The same for S3. Its requests carry a part of a file or a whole document. */
export const largeRequests = {
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 120_000, throwOnRequestTimeout: true },
};
