// A year of a Dag's runs, by day: the more runs the darker, failures apart.

import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { Empty } from "../../controls/empty.tsx";
import { Table } from "../../controls/table.tsx";
import { read } from "../../data/api.ts";
import { formatCount, formatDuration } from "../../format/format.ts";
import { calendarSquares, runsOf, type CalendarSquare, type RunDay } from "./calendar-days.ts";
import styles from "./calendar-view.module.css";

const route = getRouteApi("/teams/$team/dags/$dagId");

const SQUARE = 12;
const STEP = 15;
const LEFT = 30;
const TOP = 18;

/** The view. */
export function CalendarView(): ReactNode {
  const { team, dagId } = route.useParams();
  const { data } = useSuspenseQuery(read("dags.calendar", { team, dagId }));
  const [now] = useState(Date.now);
  const squares = calendarSquares(data, now);
  const total = data.reduce((sum, day) => sum + runsOf(day), 0);
  const failed = data.reduce((sum, day) => sum + day.failed, 0);
  const summary = `${formatCount(total)} runs in a year, ${formatCount(failed)} failed`;
  return (
    <>
      <div className={styles.scroll}>
        <svg
          width={LEFT + 53 * STEP}
          height={TOP + 7 * STEP}
          role="img"
          aria-label={summary}
          className={styles.calendar}
        >
          {["Mon", "Wed", "Fri"].map((name, index) => (
            <text key={name} x={0} y={TOP + index * 2 * STEP + 10}>
              {name}
            </text>
          ))}
          {squares.map((square) => (
            <Square key={square.date} square={square} />
          ))}
        </svg>
      </div>
      <p className={styles.summary}>
        {summary}. Days are in UTC, by logical date; a corner says that runs failed.
      </p>
      <Table
        caption="Days with runs, newest first"
        rows={data.toReversed()}
        keyOf={({ day }) => day}
        columns={[
          { id: "day", head: "Day", cell: ({ day }) => day },
          { id: "runs", head: "Runs", align: "end", cell: (day) => formatCount(runsOf(day)) },
          { id: "failed", head: "Failed", align: "end", cell: (day) => day.failed || "–" },
          { id: "hits", head: "Remembered", align: "end", cell: ({ hits }) => formatCount(hits) },
          { id: "ran", head: "Ran", align: "end", cell: ({ ran }) => formatCount(ran) },
          { id: "worked", head: "Worked", align: "end", cell: ({ workedMs }) => formatDuration(workedMs) },
          { id: "saved", head: "Saved", align: "end", cell: ({ savedMs }) => formatDuration(savedMs) },
        ]}
        empty={<Empty title="The Dag has not run in the last year" />}
      />
    </>
  );
}

function Square({ square }: { readonly square: CalendarSquare }): ReactNode {
  const { date, week, weekday, day, level } = square;
  const [x, y] = [LEFT + week * STEP, TOP + weekday * STEP];
  return (
    <g>
      <title>{`${date}: ${day ? wordsOf(day) : "no runs"}`}</title>
      {date.endsWith("-01") && (
        <text x={x} y={10}>
          {date.slice(5, 7)}
        </text>
      )}
      <rect x={x} y={y} width={SQUARE} height={SQUARE} className={styles[`level${level}`]} />
      {day !== undefined && day.failed > 0 && (
        <path d={`M${x + SQUARE} ${y}v7l-7-7z`} className={styles.failed} />
      )}
    </g>
  );
}

function wordsOf(day: RunDay): string {
  const { failed, hits, ran, savedMs } = day;
  const parts = [`${runsOf(day)} runs`, ...(failed > 0 ? [`${failed} failed`] : [])];
  return [...parts, `${hits} remembered, ${ran} ran`, `saved ${formatDuration(savedMs)}`].join(", ");
}
