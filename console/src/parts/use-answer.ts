import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type ApiFailure, asFailure } from "../api/failure.ts";

/** The newest answer of a repeated call. It stays while later calls fail. */
export interface Answer<Value> {
  value: Value | undefined;
  failure: ApiFailure | undefined;
  /** Calls at once. */
  refresh: () => void;
}

/**
 * Calls when the part appears, and again while `isLive` says so of the answer. A page in the background makes no calls.
 * @param key another key is another call: the answer before is forgotten
 */
export function useAnswer<Value>(
  key: string,
  load: () => Promise<Value>,
  live: { everyMs: number; isLive: (value: Value) => boolean },
): Answer<Value> {
  const [state, setState] = useState<{ key: string; value?: Value; failure?: ApiFailure | undefined }>({ key });
  const newest = useRef({ load, live });
  newest.current = { load, live };
  const [calls, setCalls] = useState(0);
  const refresh = useCallback(() => setCalls((count) => count + 1), []);
  useEffect(() => {
    let isCurrent = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    /** Returns whether to call again. */
    const callOnce = async (): Promise<boolean> => {
      if (document.hidden) return true;
      try {
        const value = await newest.current.load();
        if (isCurrent) setState({ key, value });
        return newest.current.live.isLive(value);
      } catch (error) {
        const failure = asFailure(error);
        if (isCurrent) setState((before) => ({ ...(before.key === key ? before : { key }), failure }));
        // What the server may serve later is tried again. What it refuses is not.
        return failure.status === 0 || failure.status === 429 || failure.status >= 500;
      }
    };
    const callOnAndOn = async (): Promise<void> => {
      if ((await callOnce()) && isCurrent) timer = setTimeout(() => void callOnAndOn(), newest.current.live.everyMs);
    };
    void callOnAndOn();
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [key, calls]);
  const own = state.key === key ? state : { key };
  return { value: own.value, failure: own.failure, refresh };
}
