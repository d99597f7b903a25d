import { FailureNotice } from "./failure-notice.tsx";
import type { Answer } from "./use-answer.ts";

/** What is to be said of a repeated call: that its first answer is awaited, or why it failed. A slow API must not look like an empty list. */
export function AnswerNotice({ answer: { value, failure }, awaited }: { answer: Answer<unknown>; awaited: string }) {
  return (
    <>
      <div role="status">{value === undefined && failure === undefined && <p class="awaited">{awaited}</p>}</div>
      <FailureNotice failure={failure} />
    </>
  );
}
