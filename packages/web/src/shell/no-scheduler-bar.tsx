// A bar on every page: runs wait, and no scheduler is alive.

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { read } from "../data/api.ts";
import { polled } from "../data/polled.ts";
import { useTeam } from "../data/use-session.ts";
import { isNothingRunning } from "./no-scheduler.ts";
import styles from "./no-scheduler-bar.module.css";

/** The bar; nothing while all is well. */
export function NoSchedulerBar(): ReactNode {
  const team = useTeam();
  const processes = useQuery(polled(read("processes.list", {}))).data;
  const { data: queued, dataUpdatedAt } = useQuery(
    polled(read("runs.list", { team, state: "queued", limit: 20 })),
  );
  if (!processes || !queued || !isNothingRunning(processes, queued.items, dataUpdatedAt)) return null;
  return (
    <div className={styles.bar} role="alert">
      Nothing runs: no scheduler is alive. Start one with <code>npx memodag scheduler</code> or{" "}
      <code>npx memodag dev</code>.
    </div>
  );
}
