// The graph of a Dag, with the marks of a run that is chosen.

import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Select } from "../../controls/select.tsx";
import { read } from "../../data/api.ts";
import { formatShortTime } from "../../format/format.ts";
import { getMark, runMarkOf, type Mark } from "../../marks/mark.ts";
import { markOfLetter } from "../grid/cells.ts";
import type { GridAnswer } from "../grid/grid-data.ts";
import { useGrid } from "../grid/use-grid.ts";
import { GraphPicture } from "./graph-picture.tsx";
import styles from "./graph-view.module.css";

const route = getRouteApi("/teams/$team/dags/$dagId/graph");

/** The view. */
export function GraphView(): ReactNode {
  const { team, dagId } = route.useParams();
  const { data } = useSuspenseQuery(read("dags.show", { team, dagId }));
  const { run: chosen } = route.useSearch();
  const navigate = route.useNavigate();
  const { grid } = useGrid(team, dagId);
  const run = grid.runs.find(({ runId }) => runId === chosen) ?? grid.runs[0];
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
      <GraphPicture
        dagId={dagId}
        version={data.version}
        tasks={data.tasks.map(({ taskId, upstream, expand }) => ({
          taskId,
          upstream,
          isMapped: expand.length > 0,
        }))}
        markOfTask={marksOf(grid, run)}
      />
    </>
  );
}

function marksOf(grid: GridAnswer, run: GridAnswer["runs"][number] | undefined): (taskId: string) => Mark {
  const at = new Map(grid.tasks.map(({ taskId }, index) => [taskId, index]));
  return (taskId) => {
    const index = at.get(taskId);
    return run && index !== undefined ? markOfLetter(run.cells.charAt(index)) : getMark("none");
  };
}
