// The tries of a run, for what its bars show beside work: waiting, and earlier tries.

import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { read } from "../data/api.ts";
import type { BarTry } from "../gantt/draw-gantt.ts";
import { rowKey } from "../instances/instance-table.ts";
import type { Outline } from "./run-facts.tsx";

/** Instances of a run whose tries are asked for: of more, waiting is not seen at the size of their bars. */
const MOST_INSTANCES = 2_000;

/** Tries by the key of their instance. */
export function useTries(
  { team, dagId, runId }: Outline,
  instances: number,
): ReadonlyMap<string, readonly BarTry[]> {
  const { data } = useQuery({
    ...read("runs.attempts", { team, dagId, runId, limit: MOST_INSTANCES }),
    enabled: instances <= MOST_INSTANCES,
  });
  return useMemo(() => {
    const at = (iso: string | null): number | null => (iso === null ? null : Date.parse(iso));
    const tries = (data?.items ?? []).map(({ taskId, mapIndex, readyAt, startedAt, endedAt }) => ({
      key: rowKey(taskId, mapIndex),
      readyAt: at(readyAt),
      startedAt: at(startedAt),
      endedAt: at(endedAt),
    }));
    return Map.groupBy(tries, ({ key }) => key);
  }, [data]);
}
