// A run: what it came to, its acts, and its tasks over time or as a list, with the chosen instance beside them.

import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo, useState, type ReactNode } from "react";
import { quoted } from "../controls/command-hint.tsx";
import { Page } from "../controls/page.tsx";
import { read } from "../data/api.ts";
import { shortRunId } from "../format/format.ts";
import { layOutAsIf } from "../gantt/as-if.ts";
import { planRows } from "../gantt/row-plan.ts";
import { useShortcut } from "../shortcuts/use-shortcut.ts";
import { groupByTask } from "../instances/instance-table.ts";
import { InstancePanel } from "./instance-panel.tsx";
import { RunActs } from "./run-acts.tsx";
import { RunCauses } from "./run-causes.tsx";
import { RunFacts, RunSums } from "./run-facts.tsx";
import { RunGraph } from "./run-graph.tsx";
import { RunRows } from "./run-rows.tsx";
import { withoutAbsent, type ChangeSearch, type RunSearch } from "./run-search.ts";
import { RunToolbar } from "./run-toolbar.tsx";
import styles from "./run-page.module.css";
import { useInstances } from "../instances/use-instances.ts";

const route = getRouteApi("/teams/$team/dags/$dagId/runs/$runId");

const NEXT_VIEW = { gantt: "list", list: "graph", graph: undefined } as const;

/** The page. */
export function RunPage(): ReactNode {
  const params = route.useParams();
  const search = route.useSearch();
  const { team, dagId, runId } = params;
  const { data: outline } = useSuspenseQuery(read("runs.outline", { team, dagId, runId }));
  const table = useInstances(params);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const navigate = useNavigate({ from: "/teams/$team/dags/$dagId/runs/$runId" });
  const change = useCallback<ChangeSearch>(
    (changed) =>
      void navigate({ search: (before) => withoutAbsent({ ...before, ...changed }), replace: true }),
    [navigate],
  );
  const tasks = useMemo(
    () =>
      groupByTask(
        table,
        outline.tasks.map(({ taskId }) => taskId),
      ),
    [table, outline.tasks],
  );
  const mapped = useMemo(
    () => new Set(outline.tasks.filter(({ isMapped }) => isMapped).map(({ taskId }) => taskId)),
    [outline.tasks],
  );
  const asIf = useMemo(() => layOutAsIf(outline.tasks, tasks), [outline.tasks, tasks]);
  const { only, text, order } = search;
  const rows = useMemo(
    () => planRows(tasks, mapped, { only, text, order, open }),
    [tasks, mapped, only, text, order, open],
  );
  const toggle = useCallback(
    (taskId: string) =>
      setOpen((before) => {
        const after = new Set(before);
        if (!after.delete(taskId)) after.add(taskId);
        return after;
      }),
    [],
  );
  useRunKeys(search, change);
  return (
    <Page
      title={`${dagId} ${runId}`}
      heading={
        <>
          <Link to="/teams/$team/dags/$dagId" params={params} className={styles.dag}>
            {dagId}
          </Link>{" "}
          <span title={runId}>{shortRunId(runId)}</span>
        </>
      }
      facts={
        <>
          <RunFacts outline={outline} />
          <Link to="/teams/$team/dags/$dagId/runs/$runId/entries" params={{ team, dagId, runId }}>
            entries of job caches
          </Link>
        </>
      }
      actions={<RunActs outline={outline} />}
      command={`runs show ${quoted(dagId)} ${quoted(runId)}`}
    >
      <RunSums outline={outline} atLeastMs={asIf.lengthMs} instances={table.rows.size} />
      <RunCauses outline={outline} instances={table.rows.size} />
      <RunToolbar search={search} onChange={change} />
      <div className={styles.columns}>
        {search.view === "graph" ? (
          <RunGraph outline={outline} instances={tasks} />
        ) : (
          <RunRows
            outline={outline}
            rows={rows}
            asIf={asIf}
            instances={table.rows.size}
            search={search}
            onToggle={toggle}
          />
        )}
        {search.task !== undefined && (
          <InstancePanel
            key={`${search.index ?? -1} ${search.task}`}
            params={params}
            taskId={search.task}
            mapIndex={search.index ?? -1}
            tab={search.tab}
            onChange={change}
          />
        )}
      </div>
    </Page>
  );
}

function useRunKeys({ only, view, task }: RunSearch, change: ChangeSearch): void {
  useShortcut(
    "grid.failed",
    useCallback(() => change({ only: only === "failed" ? undefined : "failed" }), [only, change]),
  );
  useShortcut(
    "grid.ran",
    useCallback(() => change({ only: only === "ran" ? undefined : "ran" }), [only, change]),
  );
  useShortcut(
    "view.next",
    useCallback(() => change({ view: NEXT_VIEW[view ?? "gantt"] }), [view, change]),
  );
  useShortcut(
    "close",
    useCallback(
      () => task !== undefined && change({ task: undefined, index: undefined, tab: undefined }),
      [task, change],
    ),
  );
}
