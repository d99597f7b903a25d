import { useRef, useState } from "preact/hooks";
import { type ApiFailure, asFailure } from "../api/failure.ts";

/** An action of the user that calls the API. */
export interface Action {
  isRunning: boolean;
  failure: ApiFailure | undefined;
  /**
   * Runs the call. While one runs, another is not begun. So a button needs `aria-disabled` only: `disabled` would take the focus away from
   * whoever pressed it, and a keyboard or a screen reader would begin again at the top of the page.
   */
  run: (call: () => Promise<void>) => void;
}

export function useAction(): Action {
  const [state, setState] = useState<Omit<Action, "run">>({ isRunning: false, failure: undefined });
  // The state of the next drawing is too late for a second click.
  const isRunning = useRef(false);
  const end = (failure: ApiFailure | undefined) => {
    isRunning.current = false;
    setState({ isRunning: false, failure });
  };
  const run: Action["run"] = (call) => {
    if (isRunning.current) return;
    isRunning.current = true;
    setState({ isRunning: true, failure: undefined });
    call().then(
      () => end(undefined),
      (error: unknown) => end(asFailure(error)),
    );
  };
  return { ...state, run };
}
