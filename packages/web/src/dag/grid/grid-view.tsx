// The grid of a Dag: its runs by its tasks, with filters, a legend, and the same as a table.

import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useMemo, useState, type ReactNode } from "react";
import { Button } from "../../controls/button.tsx";
import { Chips } from "../../controls/chips.tsx";
import { Empty } from "../../controls/empty.tsx";
import { TextField } from "../../controls/text-field.tsx";
import { formatDuration, formatShortTime, shortRunId } from "../../format/format.ts";
import { MarkIcon } from "../../marks/mark-icon.tsx";
import { getMark, MARKS, runMarkOf, type MarkKind } from "../../marks/mark.ts";
import { useShortcut } from "../../shortcuts/use-shortcut.ts";
import { markOfLetter, wordsOfCell } from "./cells.ts";
import type { PaintedGrid } from "./draw-grid.ts";
import type { Place } from "./geometry.ts";
import { GridCanvas } from "./grid-canvas.tsx";
import type { GridAnswer, GridRun } from "./grid-data.ts";
import { readGridSearch, type GridSearch } from "./grid-search.ts";
import { GridTable } from "./grid-table.tsx";
import styles from "./grid-view.module.css";
import { planRows } from "./row-plan.ts";
import { useGrid } from "./use-grid.ts";

const route = getRouteApi("/teams/$team/dags/$dagId/");

/** The view. */
export function GridView(): ReactNode {
  const { team, dagId } = route.useParams();
  const { show, text, as } = route.useSearch();
  const navigate = route.useNavigate();
  const { grid, readOlder } = useGrid(team, dagId);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const search = useCallback(
    (change: { [K in keyof GridSearch]: GridSearch[K] | undefined }) =>
      void navigate({ search: (old) => ({ ...readGridSearch({ ...old, ...change }) }), replace: true }),
    [navigate],
  );
  const painted = useMemo((): PaintedGrid => {
    const isShown = filterOf(grid, show, text);
    return {
      rows: planRows(grid.tasks, folded, isShown),
      tasks: grid.tasks,
      runs: grid.runs.toReversed(),
    };
  }, [grid, folded, show, text]);
  const say = useCallback((place: Place) => sentenceOfPlace(painted, place), [painted]);
  const open = useCallback(
    ({ row, column }: Place) => {
      const run = painted.runs[column];
      const planned = painted.rows[row];
      if (!run) return;
      const task = planned?.kind === "task" ? planned.id : undefined;
      const params = { team, dagId, runId: run.runId };
      const to = "/teams/$team/dags/$dagId/runs/$runId" as const;
      void navigate({ to, params, ...(task !== undefined && { search: { text: task } as never }) });
    },
    [painted, navigate, team, dagId],
  );
  const toggle = useCallback(
    (groupId: string) =>
      setFolded((old) => {
        const next = new Set(old);
        if (!next.delete(groupId)) next.add(groupId);
        return next;
      }),
    [],
  );
  useShortcut(
    "grid.failed",
    useCallback(() => search({ show: show === "failed" ? undefined : "failed" }), [search, show]),
  );
  useShortcut(
    "grid.ran",
    useCallback(() => search({ show: show === "ran" ? undefined : "ran" }), [search, show]),
  );
  if (grid.runs.length === 0)
    return (
      <Empty title={`${dagId} has not run yet`}>
        <p>
          Trigger a run with the button above, or with <code>memodag dags trigger {dagId}</code>.
        </p>
      </Empty>
    );
  return (
    <>
      <div className={styles.tools}>
        <Chips
          label="Rows"
          value={show}
          onChange={(value) => search({ show: value })}
          chips={[
            { id: "failed", text: "failed", mark: <MarkIcon mark={getMark("failed")} label="" size={10} /> },
            { id: "ran", text: "ran", mark: <MarkIcon mark={getMark("worked")} label="" size={10} /> },
          ]}
        />
        <TextField
          label="Part of a task's id"
          isLabelShown={false}
          placeholder="Task"
          value={text ?? ""}
          onChange={(value) => search({ text: value === "" ? undefined : value })}
        />
        <span className={styles.count}>
          {grid.tasks.length} tasks, {grid.runs.length} runs, newest on the right
        </span>
        {grid.next !== null && (
          <Button look="quiet" onPress={() => void readOlder()}>
            Older runs
          </Button>
        )}
        <Button look="quiet" onPress={() => search({ as: as === "table" ? undefined : "table" })}>
          {as === "table" ? "Show as grid" : "Show as table"}
        </Button>
      </div>
      {painted.rows.length === 0 ? (
        <Empty title="No task matches" />
      ) : as === "table" ? (
        <GridTable grid={painted} team={team} dagId={dagId} />
      ) : (
        <GridCanvas
          grid={painted}
          label={`Runs of ${dagId} by task`}
          say={say}
          onOpen={open}
          onToggle={toggle}
        />
      )}
      <Legend grid={grid} />
    </>
  );
}

/** The marks that are there, with their words. */
function Legend({ grid }: { readonly grid: GridAnswer }): ReactNode {
  const kinds = useMemo(() => {
    const letters = new Set(grid.runs.flatMap(({ cells }) => [...cells]));
    return new Set<MarkKind>([...letters].map((letter) => markOfLetter(letter).kind));
  }, [grid]);
  return (
    <ul className={styles.legend} aria-label="Legend">
      {[...MARKS.values()]
        .filter(({ kind }) => kinds.has(kind))
        .map((mark) => (
          <li key={mark.kind}>
            <MarkIcon mark={mark} label="" size={10} />
            {mark.words}
          </li>
        ))}
      <li>
        <span className={styles.worked} /> worked
      </li>
      <li>
        <span className={styles.saved} /> saved
      </li>
    </ul>
  );
}

/** Tasks with a cell of the kind in one of the runs, and with the text in their ids. */
function filterOf(grid: GridAnswer, show: GridSearch["show"], text = ""): (index: number) => boolean {
  const kinds: ReadonlySet<MarkKind> =
    show === "failed"
      ? new Set(["failed", "failed-remembered", "upstream"])
      : new Set(["worked", "unkept", "failed", "running", "retry"]);
  return (index) => {
    const { taskId = "" } = grid.tasks[index] ?? {};
    if (!taskId.toLowerCase().includes(text.toLowerCase())) return false;
    return (
      show === undefined || grid.runs.some(({ cells }) => kinds.has(markOfLetter(cells.charAt(index)).kind))
    );
  };
}

function sentenceOfPlace({ runs, rows, tasks }: PaintedGrid, { row, column }: Place): string {
  const run = runs[column];
  if (!run) return "";
  const planned = rows[row];
  if (!planned) return sentenceOfRun(run);
  return `${planned.id} in ${shortRunId(run.runId)}: ${wordsOfCell(run, planned, tasks)}`;
}

function sentenceOfRun(run: GridRun): string {
  const { runId, createdAt, workedMs, savedMs, hits, ran } = run;
  const parts = [
    runMarkOf(run).words,
    formatShortTime(createdAt),
    `worked ${formatDuration(workedMs)}`,
    ...(savedMs > 0 ? [`saved ${formatDuration(savedMs)}`] : []),
    `${hits} remembered, ${ran} ran`,
  ];
  return `${shortRunId(runId)}: ${parts.join(", ")}`;
}
