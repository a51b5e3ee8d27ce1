// The cache: what it has, and how much it saved.

import { useSuspenseQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Facts } from "../controls/facts.tsx";
import { Page } from "../controls/page.tsx";
import { read } from "../data/api.ts";
import { useTeam } from "../data/use-session.ts";
import { formatBytes, formatCount, formatDuration } from "../format/format.ts";

/** The page. */
export function CachePage(): ReactNode {
  const { data } = useSuspenseQuery(read("cache.stats", { team: useTeam() }));
  return (
    <Page title="Cache" command="cache stats">
      <Facts
        facts={[
          ["Entries", formatCount(data.entries)],
          ["Size", formatBytes(data.sizeBytes)],
          ["Hits", formatCount(data.hits)],
          ["Saved", formatDuration(data.savedMs)],
        ]}
      />
    </Page>
  );
}
