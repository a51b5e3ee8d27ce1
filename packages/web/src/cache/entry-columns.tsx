// The columns of lists of entries.

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Column } from "../controls/table.tsx";
import { Time } from "../controls/time.tsx";
import type { OutputOf } from "../data/api.ts";
import { formatBytes, formatCount, formatDuration, shortRunId } from "../format/format.ts";
import styles from "./cache-page.module.css";

type Entry = OutputOf<"cache.list">["items"][number];

/** Digits of a key that tell it from others. */
const KEY_DIGITS = 12;

export const entryColumns: readonly Column<Entry>[] = [
  { id: "key", head: "Key", cell: (entry) => <EntryLink entry={entry} /> },
  {
    id: "task",
    head: "Task",
    cell: ({ dagId, taskId, producer: { mapIndex } }) =>
      `${dagId}.${taskId}${mapIndex === -1 ? "" : `[${mapIndex}]`}`,
  },
  { id: "run", head: "Made by", cell: ({ producer: { runId } }) => shortRunId(runId) },
  { id: "created", head: "Made", cell: ({ createdAt }) => <Time iso={createdAt} /> },
  { id: "expires", head: "Good until", cell: ({ expiresAt }) => <Time iso={expiresAt} /> },
  { id: "size", head: "Size", align: "end", cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
  { id: "hits", head: "Hits", align: "end", cell: ({ hitCount }) => formatCount(hitCount) },
  { id: "hit", head: "Last hit", cell: ({ lastHitAt }) => <Time iso={lastHitAt} /> },
  { id: "took", head: "Took", align: "end", cell: ({ durationMs }) => formatDuration(durationMs) },
  {
    id: "saved",
    head: "Saved",
    align: "end",
    cell: ({ savedMs }) =>
      savedMs === 0 ? "–" : <span className={styles.saved}>{formatDuration(savedMs)}</span>,
  },
];

function EntryLink({ entry: { team, key } }: { readonly entry: Entry }): ReactNode {
  return (
    <Link to="/teams/$team/cache/$key" params={{ team, key }} className={styles.key}>
      {key.slice(0, KEY_DIGITS)}
    </Link>
  );
}
