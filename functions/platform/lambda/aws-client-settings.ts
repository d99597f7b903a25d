/**
 * How long an AWS client waits, where a request and its answer are small: the SDK's own default is for ever, so that one lost
 * packet could cost a function its whole time. What gets no answer in time is sent again; every write of ours recognises
 * itself when it comes twice, or does no harm.
 */
export const smallRequests = {
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
};

/** The same for S3, whose requests carry up to a part of a file or a whole document. */
export const largeRequests = {
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 120_000, throwOnRequestTimeout: true },
};
