// The grid's data, live: of a changed run, its column alone is asked for.

import { useQueryClient, useSuspenseQuery, type QueryClient } from "@tanstack/react-query";
import { useCallback, useRef } from "react";
import { call } from "../../data/api.ts";
import type { ChangedRun } from "../../live/affected.ts";
import { useChangedRuns } from "../../live/live-provider.tsx";
import { joinChanges, joinOlder, type GridAnswer } from "./grid-data.ts";

/** Runs of a page. */
const PAGE = 100;

/** Milliseconds between two questions for changed columns. */
const ROUND_MS = 200;

/** The question for a grid. Events do not make its answer old: columns are replaced. */
export function gridQuery(team: string, dagId: string) {
  return {
    queryKey: ["grid", team, dagId] as const,
    queryFn: async (): Promise<GridAnswer> => await call("dags.grid", { team, dagId, limit: PAGE }),
    // It may have changed while no page followed it.
    refetchOnMount: "always" as const,
  };
}

interface Changes {
  readonly runIds: Set<string>;
  isAsking: boolean;
}

/** A grid, and how to have older runs in it. */
export interface LiveGrid {
  readonly grid: GridAnswer;
  /** Asks for the page of older runs. */
  readonly readOlder: () => Promise<void>;
}

/** Returns the grid of a Dag, up to date. */
export function useGrid(team: string, dagId: string): LiveGrid {
  const queryClient = useQueryClient();
  const { data: grid } = useSuspenseQuery(gridQuery(team, dagId));
  const changes = useRef<Changes>({ runIds: new Set(), isAsking: false });
  useChangedRuns(
    useCallback(
      (run: ChangedRun) => {
        if (run.team !== team || run.dagId !== dagId) return;
        changes.current.runIds.add(run.runId);
        if (!changes.current.isAsking) void readChanges(queryClient, { team, dagId }, changes.current);
      },
      [queryClient, team, dagId],
    ),
  );
  const readOlder = useCallback(async () => {
    const { queryKey } = gridQuery(team, dagId);
    const after = queryClient.getQueryData<GridAnswer>(queryKey)?.next ?? undefined;
    const older = await call("dags.grid", { team, dagId, limit: PAGE, after });
    queryClient.setQueryData<GridAnswer>(queryKey, (known) => known && joinOlder(known, older));
  }, [queryClient, team, dagId]);
  return { grid, readOlder };
}

/** Asks until nothing has changed meanwhile. What changes during a question is asked for in the next one. */
async function readChanges(
  queryClient: QueryClient,
  { team, dagId }: { readonly team: string; readonly dagId: string },
  changes: Changes,
): Promise<void> {
  const { queryKey } = gridQuery(team, dagId);
  changes.isAsking = true;
  while (changes.runIds.size > 0) {
    const runIds = [...changes.runIds];
    changes.runIds.clear();
    try {
      const answer = await call("dags.grid", { team, dagId, runIds });
      queryClient.setQueryData<GridAnswer>(queryKey, (known) => known && joinChanges(known, answer));
    } catch {
      // The question for all says what is wrong.
      void queryClient.invalidateQueries({ queryKey });
    }
    await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
  }
  changes.isAsking = false;
}
