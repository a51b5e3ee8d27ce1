// The instances of a run, kept up to date by asking for what has changed.

import { queryOptions, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useCallback, useRef } from "react";
import { call } from "../data/api.ts";
import type { ChangedRun } from "../live/affected.ts";
import { useChangedRuns } from "../live/live-provider.tsx";
import { mergePages, NO_INSTANCES, type InstanceColumns, type InstanceTable } from "./instance-table.ts";

/** Names a run. */
export interface RunParams {
  readonly team: string;
  readonly dagId: string;
  readonly runId: string;
}

/** Milliseconds between two questions for what has changed. */
const ROUND_MS = 250;

/** Asks for the instances of a run: for all of them once, and then for what has changed. */
export function instancesQuery({ team, dagId, runId }: RunParams) {
  const name = { team, dagId, runId };
  const queryKey = ["instance-table", name] as const;
  return queryOptions({
    queryKey,
    queryFn: async ({ client, signal }): Promise<InstanceTable> => {
      const known = client.getQueryData<InstanceTable>(queryKey) ?? NO_INSTANCES;
      const since = known === NO_INSTANCES ? {} : { since: known.revision };
      const pages: InstanceColumns[] = [];
      for (let after: string | undefined, isLast = false; !isLast;) {
        const page = await call("runs.instance-columns", { ...name, ...since, after }, { signal });
        pages.push(page);
        after = page.next ?? undefined;
        isLast = page.next === null;
      }
      return mergePages(known, pages);
    },
    staleTime: Infinity,
    // It may have changed while no page followed it; the question is for what has.
    refetchOnMount: "always",
    structuralSharing: false,
  });
}

/** The instances of a run as they are. */
export function useInstances({ team, dagId, runId }: RunParams): InstanceTable {
  const queryClient = useQueryClient();
  const options = instancesQuery({ team, dagId, runId });
  const { data } = useSuspenseQuery(options);
  const isUnderWay = useRef(false);
  const wanted = useRef(0);
  useChangedRuns(
    useCallback(
      (run: ChangedRun) => {
        if (run.team !== team || run.dagId !== dagId || run.runId !== runId) return;
        wanted.current = Math.max(wanted.current, run.revision);
        if (!isUnderWay.current) void catchUp();

        async function catchUp(): Promise<void> {
          const { queryKey } = instancesQuery({ team, dagId, runId });
          isUnderWay.current = true;
          for (let before = -1; wanted.current > before;) {
            const last = queryClient.getQueryData(queryKey)?.revision ?? 0;
            // A run that was deleted and made again has smaller revisions: one question more is enough.
            if (last >= wanted.current || last === before) break;
            before = last;
            await queryClient.refetchQueries({ queryKey, exact: true }, { cancelRefetch: false });
            await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
          }
          isUnderWay.current = false;
        }
      },
      [queryClient, team, dagId, runId],
    ),
  );
  return data;
}
