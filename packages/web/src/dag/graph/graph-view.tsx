// The graph of a Dag, with the marks of a run: what ran is a filled path from its cause.

import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo, type ReactNode } from "react";
import { Empty } from "../../controls/empty.tsx";
import { Select } from "../../controls/select.tsx";
import { read } from "../../data/api.ts";
import { formatShortTime } from "../../format/format.ts";
import { getMark, runMarkOf, type Mark } from "../../marks/mark.ts";
import { markOfLetter } from "../grid/cells.ts";
import type { GridAnswer } from "../grid/grid-data.ts";
import { useGrid } from "../grid/use-grid.ts";
import { NODE_HEIGHT, type GraphToLayOut, type LaidOutGraph, type Point } from "./graph.ts";
import { GraphNode } from "./graph-node.tsx";
import styles from "./graph-view.module.css";
import { useLayout } from "./use-layout.ts";
import { usePanZoom } from "./use-pan-zoom.ts";

const route = getRouteApi("/teams/$team/dags/$dagId/graph");

/** Above so many tasks a picture says less than a list. */
const MOST_NODES = 1_500;

const LETTER_PX = 7.2;
const NODE_PADDING_PX = 40;

/** The view. */
export function GraphView(): ReactNode {
  const { team, dagId } = route.useParams();
  const { data } = useSuspenseQuery(read("dags.show", { team, dagId }));
  if (data.tasks.length > MOST_NODES)
    return (
      <Empty title={`A graph of ${data.tasks.length} tasks says less than a list`}>
        <p>The view "Tasks" lists them, with what each waits for.</p>
      </Empty>
    );
  if (data.tasks.length === 0) return <Empty title="The Dag has no tasks" />;
  return <Picture version={data.version} tasks={data.tasks} />;
}

function Picture({
  version,
  tasks,
}: {
  readonly version: string;
  readonly tasks: readonly {
    readonly taskId: string;
    readonly upstream: readonly string[];
    readonly expand: readonly string[];
  }[];
}): ReactNode {
  const { team, dagId } = route.useParams();
  const { run: chosen } = route.useSearch();
  const navigate = route.useNavigate();
  const { grid } = useGrid(team, dagId);
  const graph = useMemo((): GraphToLayOut => {
    const known = new Set(tasks.map(({ taskId }) => taskId));
    return {
      nodes: tasks.map(({ taskId }) => ({ id: taskId, width: taskId.length * LETTER_PX + NODE_PADDING_PX })),
      edges: tasks.flatMap(({ taskId, upstream }) =>
        [...new Set(upstream)].filter((from) => known.has(from)).map((from) => ({ from, to: taskId })),
      ),
    };
  }, [tasks]);
  const laidOut = useLayout(version, graph);
  const run = grid.runs.find(({ runId }) => runId === chosen) ?? grid.runs[0];
  const markOfTask = marksOf(grid, run);
  const panZoom = usePanZoom(laidOut);
  return (
    <>
      {grid.runs.length > 0 && (
        <div className={styles.choice}>
          <Select
            label="Run"
            value={run?.runId ?? ""}
            onChange={(runId) => void navigate({ search: { run: runId }, replace: true })}
            options={grid.runs.slice(0, 50).map((one) => ({
              id: one.runId,
              text: `${formatShortTime(one.createdAt)} · ${runMarkOf(one).words}`,
            }))}
          />
        </div>
      )}
      <div className={styles.frame} {...panZoom.handlers}>
        <svg
          ref={panZoom.ref}
          className={styles.graph}
          viewBox={panZoom.viewBox}
          role="group"
          aria-label={`Graph of ${dagId}: ${tasks.length} tasks`}
        >
          {laidOut.edges.map(({ from, to, points }) => (
            <path
              key={`${from} ${to}`}
              d={pathOf(between(laidOut, { from, to, points }))}
              className={styles.edge}
              data-ran={isWork(markOfTask(from)) && isWork(markOfTask(to))}
            />
          ))}
          {tasks.map(({ taskId, expand }) => (
            <PlacedNode
              key={taskId}
              laidOut={laidOut}
              taskId={taskId}
              isMapped={expand.length > 0}
              mark={markOfTask(taskId)}
            />
          ))}
        </svg>
      </div>
      <p className={styles.hint}>
        Filled: worked in this run. Outlined: remembered. Drag to move, turn the wheel with Ctrl to zoom.
      </p>
    </>
  );
}

function PlacedNode({
  laidOut,
  ...node
}: {
  readonly laidOut: LaidOutGraph;
  readonly taskId: string;
  readonly isMapped: boolean;
  readonly mark: Mark;
}): ReactNode {
  const place = laidOut.nodes.get(node.taskId);
  return place && <GraphNode {...node} {...place} />;
}

function marksOf(grid: GridAnswer, run: GridAnswer["runs"][number] | undefined): (taskId: string) => Mark {
  const at = new Map(grid.tasks.map(({ taskId }, index) => [taskId, index]));
  return (taskId) => {
    const index = at.get(taskId);
    return run && index !== undefined ? markOfLetter(run.cells.charAt(index)) : getMark("none");
  };
}

function isWork({ kind }: Mark): boolean {
  return kind === "worked" || kind === "unkept" || kind === "failed" || kind === "running";
}

/** An edge leads from the right side of a node to the left side of the other one. */
function between({ nodes }: LaidOutGraph, { from, to, points }: LaidOutGraph["edges"][number]): Point[] {
  const [source, target] = [nodes.get(from), nodes.get(to)];
  if (!source || !target) return [...points];
  const middle = NODE_HEIGHT / 2;
  return [
    { x: source.x + source.width, y: source.y + middle },
    ...points.slice(1, -1),
    { x: target.x, y: target.y + middle },
  ];
}

/** A smooth line through points. */
function pathOf([first, ...rest]: readonly Point[]): string {
  if (!first) return "";
  const parts = [`M${first.x} ${first.y}`];
  let last = first;
  for (const point of rest) {
    const middle = (last.x + point.x) / 2;
    parts.push(`C${middle} ${last.y} ${middle} ${point.y} ${point.x} ${point.y}`);
    last = point;
  }
  return parts.join("");
}
