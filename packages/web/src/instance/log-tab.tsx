// The log of an instance: of the latest try, or of the one that is chosen; of a hit, that of the try it is from.

import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Empty } from "../controls/empty.tsx";
import { Select } from "../controls/select.tsx";
import { read } from "../data/api.ts";
import { LogView } from "../log/log-view.tsx";
import styles from "./instance.module.css";
import type { TabProps } from "./instance-tab.ts";

/** States of a try whose log is written, or will be: it has its number when it is queued, and a sensor goes on. */
const WRITTEN: ReadonlySet<string> = new Set(["queued", "running", "up_for_reschedule"]);

/** The tab. */
export function LogTab({ name, instance }: TabProps): ReactNode {
  const [chosen, setChosen] = useState<number>();
  const { producer, cacheStatus, cacheKey, attempts, state } = instance;
  const isHit = cacheStatus === "hit" && producer !== null;
  const { data: entries } = useQuery({
    ...read("cache.list", { team: name.team, key: cacheKey ?? "", limit: 1 }),
    enabled: isHit && cacheKey !== null,
  });
  // Results that tasks share may be of another task or Dag.
  const entry = entries?.items[0];
  const own = { ...name, tryNumber: chosen ?? instance.tryNumber };
  const log = isHit
    ? { ...name, ...(entry && { dagId: entry.dagId, taskId: entry.taskId }), ...producer }
    : own;
  if (log.tryNumber === 0) return <Empty title="No try has begun: there is no log" />;
  return (
    <>
      {isHit && (
        <p className={styles.quiet}>
          It was remembered and printed nothing: this is the log of run {producer.runId}, which made the
          result.
        </p>
      )}
      {!isHit && attempts.length > 1 && (
        <Select
          label="Try"
          value={String(own.tryNumber)}
          options={attempts.map(({ tryNumber, outcome }) => ({
            id: String(tryNumber),
            text: `${tryNumber}: ${outcome ?? "under way"}`,
          }))}
          onChange={(id) => setChosen(Number(id))}
        />
      )}
      <LogView
        key={`${log.dagId} ${log.runId} ${log.taskId} ${log.tryNumber} ${log.mapIndex}`}
        name={log}
        isOpen={!isHit && log.tryNumber === instance.tryNumber && WRITTEN.has(state)}
      />
    </>
  );
}
