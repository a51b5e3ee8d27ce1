// The cache entry of an instance's key: since when it is there, until when it is good, and how often it was used.

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Facts } from "../controls/facts.tsx";
import { Time } from "../controls/time.tsx";
import type { OutputOf } from "../data/api.ts";
import { formatBytes, formatCount, formatDuration } from "../format/format.ts";

/** The facts. @param entry undefined: the cache has none of this key */
export function EntryFacts({
  cacheKey,
  entry,
  isHit,
}: {
  readonly cacheKey: string;
  readonly entry: OutputOf<"cache.list">["items"][number] | undefined;
  readonly isHit: boolean;
}): ReactNode {
  return (
    <Facts
      look="list"
      facts={[
        [
          "Key",
          entry ? (
            <Link key="key" to="/teams/$team/cache/$key" params={{ team: entry.team, key: cacheKey }}>
              <code>{cacheKey}</code>
            </Link>
          ) : (
            <code key="key">{cacheKey}</code>
          ),
        ],
        ["Entry", entry ? formatBytes(entry.sizeBytes) : isHit ? "not there any more" : "none"],
        ["Made in", entry && formatDuration(entry.durationMs)],
        ["Kept", entry && <Time iso={entry.createdAt} />],
        [
          "Good until",
          entry && (entry.expiresAt === null ? "it is removed" : <Time iso={entry.expiresAt} />),
        ],
        ["Used", entry && usedWords(entry)],
        ["Store", entry?.store],
      ]}
    />
  );
}

function usedWords({ hitCount, savedMs }: OutputOf<"cache.list">["items"][number]): string {
  if (hitCount === 0) return "not yet";
  return `${hitCount === 1 ? "once" : `${formatCount(hitCount)} times`}, saving ${formatDuration(savedMs)}`;
}
