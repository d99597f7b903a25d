import type { ApiFailure } from "../api/failure.ts";

/** A failed call: what happened, what to do, and the id by which an operator finds it. */
export function FailureNotice({ failure }: { failure: ApiFailure | undefined }) {
  return (
    <div role="alert">
      {failure !== undefined && (
        <div class="failure">
          <p class="title">{failure.message}</p>
          {failure.detail !== `${failure.message}.` && <p>{failure.detail}</p>}
          {failure.callId !== undefined && (
            <p class="small">
              Call <code>{failure.callId}</code>
            </p>
          )}
        </div>
      )}
    </div>
  );
}
