// A time: how long ago or in how long it is, with the date in the viewer's zone and in UTC on hover.

import { useSyncExternalStore, type ReactNode } from "react";
import { formatAgo, formatTime } from "../format/format.ts";

/** How often times that are told relatively change, in milliseconds. */
const TICK_MS = 10_000;

let now = Date.now();

function follow(listener: () => void): () => void {
  const timer = setInterval(() => {
    now = Date.now();
    listener();
  }, TICK_MS);
  return () => clearInterval(timer);
}

/** A time. @param iso ISO 8601; null: there is none */
export function Time({ iso }: { readonly iso: string | null }): ReactNode {
  useSyncExternalStore(follow, () => now);
  if (iso === null) return "–";
  return (
    <time dateTime={iso} title={`${formatTime(iso)}\n${iso} (UTC)`}>
      {formatAgo(iso, Math.max(now, Date.now() - TICK_MS))}
    </time>
  );
}
