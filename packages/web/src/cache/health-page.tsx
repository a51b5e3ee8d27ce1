// The health of the cache: the kill switch and its history, circuit breakers, and lookups that were of no use.

import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useState } from "react";
import { Button } from "../controls/button.tsx";
import { Facts } from "../controls/facts.tsx";
import { Page } from "../controls/page.tsx";
import { Table, type Column } from "../controls/table.tsx";
import { Time } from "../controls/time.tsx";
import { read, type OutputOf } from "../data/api.ts";
import { polled, SUMS_EVERY_MS } from "../data/polled.ts";
import { useMay, useTeam } from "../data/use-session.ts";
import { formatCount, formatDuration } from "../format/format.ts";
import styles from "./cache-page.module.css";
import { SwitchDialog } from "./switch-dialog.tsx";

type Breaker = OutputOf<"cache.health">["breakers"][number];
type Turn = OutputOf<"cache.switch-turns">[number];

const BREAKERS: readonly Column<Breaker>[] = [
  { id: "scheduler", head: "Scheduler", cell: ({ scheduler }) => scheduler },
  { id: "state", head: "Circuit breaker", cell: ({ state }) => state.replace("_", " ") },
  { id: "since", head: "Since", cell: ({ since }) => <Time iso={since} /> },
  { id: "error", head: "Error", cell: ({ error }) => <span className={styles.wrap}>{error ?? "–"}</span> },
];

const TURNS: readonly Column<Turn>[] = [
  { id: "at", head: "When", cell: ({ changedAt }) => <Time iso={changedAt} /> },
  { id: "to", head: "Turned", cell: ({ isEnabled }) => (isEnabled ? "on" : "off") },
  { id: "by", head: "By", cell: ({ changedBy }) => changedBy },
  { id: "why", head: "Why", cell: ({ reason }) => <span className={styles.wrap}>{reason ?? "–"}</span> },
];

/** The page. */
export function HealthPage(): ReactNode {
  const { data: health } = useSuspenseQuery(polled(read("cache.health", {})));
  const turns = useQuery(polled(read("cache.switch-turns", {}))).data ?? [];
  const stats = useQuery(polled(read("cache.stats", { team: useTeam() }), SUMS_EVERY_MS)).data;
  const [isTurning, setTurning] = useState(false);
  const mayTurn = useMay("admin", null);
  const [last] = turns;
  const isOffByUser = last?.isEnabled === false;
  return (
    <Page
      title="Health of the cache"
      actions={
        mayTurn && (
          <Button look={isOffByUser ? "primary" : "danger"} onPress={() => setTurning(true)}>
            {isOffByUser ? "Turn the cache on…" : "Turn the cache off…"}
          </Button>
        )
      }
      command="cache stats"
    >
      {health.offReason === null ? (
        <p>The cache is on.</p>
      ) : (
        <p className={styles.off} role="status">
          The cache is off, and every task runs: {health.offReason}
        </p>
      )}
      {stats && (
        <Facts
          facts={[
            ["Lookups", formatCount(stats.lookups)],
            ["Average", stats.lookupAvgMs === null ? "–" : formatDuration(stats.lookupAvgMs)],
            ["Slowest", formatDuration(stats.lookupMaxMs)],
            ["Too late", formatCount(stats.lookupTimeouts)],
            ["Failed", formatCount(stats.lookupFailures)],
            ["Not stored", formatCount(stats.putFailures)],
          ]}
        />
      )}
      <h2>Circuit breakers</h2>
      <Table
        caption="Schedulers that do not use the cache for now"
        columns={BREAKERS}
        rows={health.breakers}
        keyOf={({ scheduler }) => scheduler}
        empty={<p>Every scheduler reaches the cache.</p>}
      />
      <h2>The switch</h2>
      <Table
        caption="Who turned the cache on or off"
        columns={TURNS}
        rows={turns}
        keyOf={({ changedAt, isEnabled }) => `${changedAt} ${isEnabled}`}
        empty={<p>No one turned it yet.</p>}
      />
      {isTurning && <SwitchDialog toOn={isOffByUser} onClose={() => setTurning(false)} />}
    </Page>
  );
}
