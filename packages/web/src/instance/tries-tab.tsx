// The tries of an instance: when each waited, ran and ended, where, and how.

import type { ReactNode } from "react";
import { Empty } from "../controls/empty.tsx";
import { Table } from "../controls/table.tsx";
import { Time } from "../controls/time.tsx";
import { formatDuration } from "../format/format.ts";
import styles from "./instance.module.css";
import type { ShownInstance, TabProps } from "./instance-tab.ts";

type Try = ShownInstance["attempts"][number];

/** The tab. */
export function TriesTab({ instance }: TabProps): ReactNode {
  return (
    <Table
      caption="Tries"
      rows={instance.attempts}
      keyOf={({ tryNumber }) => String(tryNumber)}
      columns={[
        { id: "try", head: "Try", align: "end", cell: ({ tryNumber }) => tryNumber },
        { id: "outcome", head: "Outcome", cell: ({ outcome }) => outcome ?? "under way" },
        { id: "started", head: "Started", cell: ({ startedAt }) => <Time iso={startedAt} /> },
        { id: "waited", head: "Waited", align: "end", cell: waitedOf },
        {
          id: "took",
          head: "Took",
          align: "end",
          cell: ({ startedAt, endedAt }) => between(startedAt, endedAt),
        },
        { id: "worker", head: "Where", cell: ({ worker }) => worker ?? "–" },
        {
          id: "error",
          head: "Error",
          cell: ({ error }) => error && <span className={styles.wrapped}>{error.message}</span>,
        },
      ]}
      empty={
        <Empty
          title={
            instance.cacheStatus === "hit" ? "It was remembered: no process ran" : "There was no try yet"
          }
        />
      }
    />
  );
}

function waitedOf({ readyAt, queuedAt, startedAt }: Try): string {
  return between(readyAt ?? queuedAt, startedAt);
}

function between(from: string | null, to: string | null): string {
  return from === null || to === null ? "–" : formatDuration(Date.parse(to) - Date.parse(from));
}
