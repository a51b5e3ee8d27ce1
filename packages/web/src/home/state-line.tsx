// How memodag itself is: the cache, files of Dags that cannot be read, and requests to people.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { read, type OutputOf } from "../data/api.ts";
import { polled } from "../data/polled.ts";
import { useTeam } from "../data/use-session.ts";
import styles from "./home-page.module.css";

/** The line. */
export function StateLine(): ReactNode {
  const team = useTeam();
  const health = useQuery(polled(read("cache.health", {}))).data;
  const errors = useQuery(polled(read("dags.errors", { team }))).data ?? [];
  const approvals = useQuery(polled(read("approvals.list", { team }))).data ?? [];
  const processes = useQuery(polled(read("processes.list", {}))).data;
  const [first] = errors;
  return (
    <>
      {processes && (
        <Link to="/settings" className={styles.state}>
          {processesWords(processes)}
        </Link>
      )}
      {health && (
        <Link to="/cache/health" className={styles.state} data-fault={isFault(health) || undefined}>
          {health.offReason !== null
            ? "▲ cache off"
            : health.breakers.length > 0
              ? `▲ cache not used by ${health.breakers.length} schedulers`
              : "● cache on"}
        </Link>
      )}
      {first && (
        <Link to="/dag-errors" className={styles.state} data-fault>
          ▲ {errors.length} {errors.length === 1 ? "Dag file" : "Dag files"} could not be read ({first.path}
          {first.line !== null && `:${first.line}`})
        </Link>
      )}
      {approvals.length > 0 && (
        <Link to="/approvals" className={styles.state}>
          {approvals.length} {approvals.length === 1 ? "request waits" : "requests wait"} for an answer
        </Link>
      )}
    </>
  );
}

function isFault({
  offReason,
  breakers,
}: {
  offReason: string | null;
  breakers: readonly unknown[];
}): boolean {
  return offReason !== null || breakers.length > 0;
}

function processesWords(processes: OutputOf<"processes.list">): string {
  const count = (wanted: string): number =>
    processes.filter(({ kind, isAlive }) => isAlive && kind === wanted).length;
  const schedulers = count("scheduler");
  const others = count("dag-processor") === 0 ? "" : "  ● Dag processor";
  if (schedulers === 0) return `○ no scheduler${others}`;
  return `● ${schedulers} ${schedulers === 1 ? "scheduler" : "schedulers"}${others}`;
}
