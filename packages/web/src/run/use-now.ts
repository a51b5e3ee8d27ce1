// The time, for what is under way.

import { useEffect, useState } from "react";

const TICK_MS = 1_000;

/** Milliseconds since the Unix epoch, which go on while something is under way. */
export function useNow(isUnderWay: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isUnderWay) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [isUnderWay]);
  return now;
}
