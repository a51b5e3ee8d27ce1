// The picture of a graph of tasks with their marks: what ran is a filled path from its cause.

import { useMemo, type ReactNode } from "react";
import { Empty } from "../../controls/empty.tsx";
import type { Mark } from "../../marks/mark.ts";
import { NODE_HEIGHT, type GraphToLayOut, type LaidOutGraph, type Point } from "./graph.ts";
import { GraphNode } from "./graph-node.tsx";
import styles from "./graph-view.module.css";
import { useLayout } from "./use-layout.ts";
import { usePanZoom } from "./use-pan-zoom.ts";

/** Above so many tasks a picture says less than a list. */
const MOST_NODES = 1_500;

const LETTER_PX = 7.2;
const NODE_PADDING_PX = 40;

/** A task of a graph. */
export interface PicturedTask {
  readonly taskId: string;
  /** The tasks that it waits for. */
  readonly upstream: readonly string[];
  readonly isMapped: boolean;
}

interface PictureProps {
  readonly dagId: string;
  /** Digest of the Dag's version, which has one layout. */
  readonly version: string;
  readonly tasks: readonly PicturedTask[];
  readonly markOfTask: (taskId: string) => Mark;
}

/** The picture. */
export function GraphPicture(props: PictureProps): ReactNode {
  const { length } = props.tasks;
  if (length === 0) return <Empty title="The Dag has no tasks" />;
  if (length <= MOST_NODES) return <Picture {...props} />;
  return (
    <Empty title={`A graph of ${length} tasks says less than a list`}>
      <p>Another view lists them.</p>
    </Empty>
  );
}

function Picture({ dagId, version, tasks, markOfTask }: PictureProps): ReactNode {
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
  const panZoom = usePanZoom(laidOut);
  return (
    <>
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
          {tasks.map(({ taskId, isMapped }) => (
            <PlacedNode
              key={taskId}
              laidOut={laidOut}
              taskId={taskId}
              isMapped={isMapped}
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
