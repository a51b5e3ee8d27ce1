// A log in memory: its last part first, more of it upwards and downwards when asked for, and what is written to it.

import { useCallback, useEffect, useRef, useState } from "react";
import { followLog, readLog, type LogName, type LogPart } from "./log-source.ts";
import { append, openWindow, prepend, RANGE_BYTES, trim, type LogWindow } from "./log-window.ts";

/** A log. */
export type LogState =
  | { readonly kind: "reading" }
  | { readonly kind: "none" }
  | { readonly kind: "fault"; readonly error: unknown }
  | {
      readonly kind: "shown";
      readonly window: LogWindow;
      /** Bytes that the log has, as far as is known. */
      readonly size: number;
      /** True while it is followed. */
      readonly isFollowed: boolean;
    };

/** A log with the ways to read on. */
export interface UsedLog {
  readonly log: LogState;
  /** Reads what comes before. @returns the lines that were added at the top */
  readEarlier(): Promise<number>;
  /** Reads what comes after, where it was left out. */
  readLater(): Promise<void>;
}

type Shown = Extract<LogState, { kind: "shown" }>;

/** Reads the log of an attempt. The name must not change. @param isOpen true while it is written */
export function useLog(name: LogName, isOpen: boolean): UsedLog {
  const [log, setLog] = useState<LogState>({ kind: "reading" });
  const latest = useRef<LogState>(log);
  const isReading = useRef(false);
  const wasOpen = useRef(isOpen);
  const [key] = useState(name);
  const show = useCallback((next: LogState) => {
    latest.current = next;
    setLog(next);
  }, []);

  useEffect(() => {
    const stop = new AbortController();
    let unfollow: () => void = () => undefined;
    readLog(key, `-${RANGE_BYTES}`, stop.signal).then(
      (part) => {
        const first: LogPart = part ?? { bytes: new Uint8Array(), from: 0, size: 0 };
        if (!part && !wasOpen.current) {
          show({ kind: "none" });
          return;
        }
        const window = openWindow(first.bytes, first.from);
        show({ kind: "shown", window, size: window.to, isFollowed: wasOpen.current });
        if (wasOpen.current) unfollow = follow(window.to);
      },
      (error: unknown) => {
        if (!stop.signal.aborted) show({ kind: "fault", error });
      },
    );
    return () => {
      stop.abort();
      unfollow();
    };

    function follow(from: number): () => void {
      const change = (next: (shown: Shown) => Shown): void => {
        if (latest.current.kind === "shown") show(next(latest.current));
      };
      return followLog(key, from, {
        onText: (text, to) =>
          change((shown) => ({
            ...shown,
            size: to,
            // Where the end was left out to bound memory, what is written is read when it is scrolled to.
            window:
              shown.window.to === shown.size ? trim(append(shown.window, text, to), "top") : shown.window,
          })),
        onEnd: () => change((shown) => ({ ...shown, isFollowed: false })),
      });
    }
  }, [key, show]);

  const readPart = useCallback(
    async (
      rangeOf: (shown: Shown) => string | undefined,
      merge: (shown: Shown, part: LogPart) => LogWindow,
    ) => {
      const shown = latest.current;
      if (shown.kind !== "shown" || isReading.current) return;
      const range = rangeOf(shown);
      if (range === undefined) return;
      isReading.current = true;
      try {
        const part = await readLog(key, range);
        const now = latest.current;
        if (part && now.kind === "shown") show({ ...now, window: merge(now, part) });
      } finally {
        isReading.current = false;
      }
    },
    [key, show],
  );
  const readEarlier = useCallback(async () => {
    let added = 0;
    await readPart(
      ({ window: { from } }) => (from === 0 ? undefined : `${Math.max(0, from - RANGE_BYTES)}-${from - 1}`),
      ({ window }, { bytes }) => {
        const grown = prepend(window, bytes);
        added = grown.lines.length - window.lines.length;
        return trim(grown, "bottom");
      },
    );
    return added;
  }, [readPart]);
  const readLater = useCallback(
    () =>
      readPart(
        ({ window: { to }, size }) => (to >= size ? undefined : `${to}-${to + RANGE_BYTES - 1}`),
        ({ window }, { bytes, from }) => {
          const rest = openWindow(bytes, from, true);
          const lines = [...window.lines, ...rest.lines];
          return trim({ from: window.from, to: rest.to, lines, isOpen: rest.isOpen }, "top");
        },
      ),
    [readPart],
  );
  return { log, readEarlier, readLater };
}
