// Two runs of a Dag beside each other: by task, what had another key or another result, and why.

import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useRef, type ReactNode } from "react";
import { Button } from "../controls/button.tsx";
import { Empty } from "../controls/empty.tsx";
import { Page } from "../controls/page.tsx";
import { Select } from "../controls/select.tsx";
import { read } from "../data/api.ts";
import { formatTime, shortRunId } from "../format/format.ts";
import { compareRows } from "./compare-rows.ts";
import { CompareHead } from "./compare-head.tsx";
import { CompareTable } from "./compare-table.tsx";
import styles from "./compare.module.css";

const route = getRouteApi("/teams/$team/dags/$dagId/compare");

/** Runs that can be chosen. */
const MOST_RUNS = 100;

/** The page; without runs in its address it compares the two newest. */
export function ComparePage(): ReactNode {
  const { team, dagId } = route.useParams();
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/teams/$team/dags/$dagId/compare" });
  const { data: runs } = useSuspenseQuery(read("runs.list", { team, dagId, limit: MOST_RUNS }));
  const after = search.after ?? runs.items[0]?.runId;
  const at = runs.items.findIndex(({ runId }) => runId === after);
  const before = search.before ?? runs.items[at + 1]?.runId;
  const options = (chosen: string | undefined) => [
    ...(chosen !== undefined && !runs.items.some(({ runId }) => runId === chosen)
      ? [{ id: chosen, text: shortRunId(chosen) }]
      : []),
    ...runs.items.map(({ runId, createdAt, state }) => ({
      id: runId,
      text: `${shortRunId(runId)}, ${formatTime(createdAt)}, ${state}`,
    })),
  ];
  return (
    <Page
      title={`Compare runs of ${dagId}`}
      heading={
        <>
          <Link to="/teams/$team/dags/$dagId" params={{ team, dagId }} className={styles.dag}>
            {dagId}
          </Link>{" "}
          Compare runs
        </>
      }
    >
      <div className={styles.choice}>
        <Select
          label="Before"
          value={before ?? ""}
          options={options(before)}
          onChange={(id) => void navigate({ search: (now) => ({ ...now, before: id }), replace: true })}
        />
        <Select
          label="After"
          value={after ?? ""}
          options={options(after)}
          onChange={(id) =>
            void navigate({ search: ({ all }) => ({ ...(all && { all }), after: id }), replace: true })
          }
        />
        <label className={styles.check}>
          <input
            type="checkbox"
            checked={search.all !== true}
            onChange={() =>
              void navigate({
                search: ({ all, ...now }) => (all ? now : { ...now, all: true as const }),
                replace: true,
              })
            }
          />
          only what differs
        </label>
      </div>
      {before === undefined || after === undefined ? (
        <Empty title="There are no two runs to compare" />
      ) : (
        <Compared
          key={`${before} ${after}`}
          team={team}
          dagId={dagId}
          before={before}
          after={after}
          onlyDifferent={search.all !== true}
        />
      )}
    </Page>
  );
}

function Compared({
  team,
  dagId,
  before,
  after,
  onlyDifferent,
}: {
  readonly team: string;
  readonly dagId: string;
  readonly before: string;
  readonly after: string;
  readonly onlyDifferent: boolean;
}): ReactNode {
  const { data } = useSuspenseQuery(read("runs.compare", { team, dagId, before, after }));
  const { data: earlier } = useSuspenseQuery(read("runs.outline", { team, dagId, runId: before }));
  const { data: later } = useSuspenseQuery(read("runs.outline", { team, dagId, runId: after }));
  const body = useRef<HTMLDivElement>(null);
  const rows = compareRows(data, onlyDifferent);
  const first = rows.find(({ isFirst }) => isFirst);
  return (
    <>
      <CompareHead before={earlier} after={later} />
      {first && (
        <p>
          <Button onPress={() => body.current?.querySelector<HTMLElement>("[data-first] a")?.focus()}>
            First difference
          </Button>{" "}
          {first.taskId}
          {first.words !== "" && `: ${first.words}`}
        </p>
      )}
      <div ref={body}>
        <CompareTable rows={rows} before={earlier} after={later} />
      </div>
    </>
  );
}
