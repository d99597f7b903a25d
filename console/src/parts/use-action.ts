import { useState } from "preact/hooks";
import { type ApiFailure, asFailure } from "../api/failure.ts";

/** An action of the user that calls the API. */
export interface Action {
  isRunning: boolean;
  failure: ApiFailure | undefined;
  /** Runs the call. While one runs, another is not begun. */
  run: (call: () => Promise<void>) => void;
}

export function useAction(): Action {
  const [state, setState] = useState<Omit<Action, "run">>({ isRunning: false, failure: undefined });
  const run: Action["run"] = (call) => {
    if (state.isRunning) return;
    setState({ isRunning: true, failure: undefined });
    call().then(
      () => setState({ isRunning: false, failure: undefined }),
      (error: unknown) => setState({ isRunning: false, failure: asFailure(error) }),
    );
  };
  return { ...state, run };
}
