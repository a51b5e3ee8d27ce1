// The list of Dags, each with its last runs.

import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { quoted } from "../format/quoted.ts";
import { useCallback, useMemo, useRef, type ReactNode } from "react";
import { Chips } from "../controls/chips.tsx";
import { Empty } from "../controls/empty.tsx";
import { Page } from "../controls/page.tsx";
import { Table } from "../controls/table.tsx";
import { TextField } from "../controls/text-field.tsx";
import { Time } from "../controls/time.tsx";
import { read } from "../data/api.ts";
import { useTeam } from "../data/use-session.ts";
import { formatShare } from "../format/format.ts";
import { useShortcut } from "../shortcuts/use-shortcut.ts";
import styles from "./dags-page.module.css";
import { RECENT_RUNS } from "./dags-search.ts";
import { RecentRuns, type RecentRun } from "./recent-runs.tsx";

const route = getRouteApi("/dags");

/** The page. */
export function DagsPage(): ReactNode {
  const { show, tag, text = "" } = route.useSearch();
  const team = useTeam();
  const navigate = route.useNavigate();
  const { data } = useSuspenseQuery(read("dags.list", { team }));
  const { data: runs } = useSuspenseQuery(read("runs.list", { team, limit: RECENT_RUNS }));
  const recent = useMemo(() => Map.groupBy(runs.items, keyOf), [runs]);
  const tags = [...new Set(data.items.flatMap((dag) => dag.tags))].sort();
  const shown = data.items.filter(
    (dag) =>
      (show === undefined || (show === "paused") === dag.isPaused) &&
      (tag === undefined || dag.tags.includes(tag)) &&
      dag.dagId.toLowerCase().includes(text.toLowerCase()),
  );
  const field = useRef<HTMLInputElement>(null);
  useShortcut(
    "filter",
    useCallback(() => field.current?.focus(), []),
  );
  const search = (change: Record<string, string | undefined>): void =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace: true });
  return (
    <Page title="Dags" command={team === undefined ? "dags list" : `dags list --team ${quoted(team)}`}>
      {data.items.length > 0 && (
        <div className={styles.filters}>
          <Chips
            label="Schedules"
            value={show}
            onChange={(value) => search({ show: value })}
            chips={[
              { id: "active", text: "active" },
              { id: "paused", text: "paused" },
            ]}
          />
          {tags.length > 0 && (
            <Chips
              label="Tags"
              value={tag}
              onChange={(value) => search({ tag: value })}
              chips={tags.map((id) => ({ id, text: id }))}
            />
          )}
          <TextField
            label="Part of a Dag's id"
            isLabelShown={false}
            placeholder="Dag"
            value={text}
            inputRef={field}
            onChange={(value) => search({ text: value === "" ? undefined : value })}
          />
        </div>
      )}
      <Table
        caption="Dags"
        rows={shown}
        keyOf={keyOf}
        columns={[
          {
            id: "dag",
            head: "Dag",
            cell: ({ team: own, dagId, isPaused, tags: ownTags }) => (
              <>
                <Link to="/teams/$team/dags/$dagId" params={{ team: own, dagId }} className={styles.dag}>
                  {dagId}
                </Link>
                {isPaused && <span className={styles.paused}>paused</span>}
                {team === undefined && own !== "default" && <span className={styles.tag}>{own}</span>}
                {ownTags.map((one) => (
                  <span key={one} className={styles.tag}>
                    {one}
                  </span>
                ))}
              </>
            ),
          },
          {
            id: "runs",
            head: "Last runs, newest on the right",
            cell: (dag) => <RecentRuns runs={recent.get(keyOf(dag)) ?? []} />,
          },
          {
            id: "hits",
            head: "Remembered",
            align: "end",
            cell: (dag) => rememberedOf(recent.get(keyOf(dag)) ?? []),
          },
          { id: "tasks", head: "Tasks", align: "end", cell: ({ taskCount }) => taskCount },
          { id: "schedule", head: "Schedule", cell: ({ schedule }) => schedule ?? "manual" },
          {
            id: "next",
            head: "Next run",
            cell: ({ nextRunAt, isPaused }) => <Time iso={isPaused ? null : nextRunAt} />,
          },
        ]}
        empty={
          data.items.length > 0 ? (
            <Empty title="No Dag matches these filters" />
          ) : (
            <Empty title="There are no Dags yet">
              <p>
                A file that exports a Dag belongs into the folder of a bundle, which <code>memodag.toml</code>{" "}
                names. <code>memodag init</code> makes one to begin with, and <code>memodag dags errors</code>{" "}
                says which files cannot be read.
              </p>
            </Empty>
          )
        }
      />
    </Page>
  );
}

function keyOf({ team, dagId }: { readonly team: string; readonly dagId: string }): string {
  return JSON.stringify([team, dagId]);
}

/** The share of task instances of the last runs that were hits. */
function rememberedOf(runs: readonly RecentRun[]): ReactNode {
  const sum = (of: "hits" | "ran"): number => runs.reduce((total, run) => total + (run[of] ?? 0), 0);
  const total = sum("hits") + sum("ran");
  return total === 0 ? "–" : formatShare(sum("hits") / total);
}
