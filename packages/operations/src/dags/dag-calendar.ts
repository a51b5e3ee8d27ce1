// The runs of a Dag by day.

import { DAG_RUN_STATES, type DagRunState, type DaySums } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { readWrittenTime } from "../written-time.ts";
import { getDag, type DagName } from "./find-dag.ts";

const DAY_MS = 86_400_000;

/** Default number of days, to the end of this one. */
const DEFAULT_DAYS = 365;

/** Selects the days of a calendar. */
export interface DagCalendarInput extends DagName {
  /** ISO 8601. Default: a year before `to`. */
  readonly from?: string | undefined;
  /** ISO 8601, exclusive. Default: the end of today, or a year after `from`. */
  readonly to?: string | undefined;
}

/** The runs of a day, in UTC, by their logical date, or by when they were created if they have none. */
export interface CalendarDay extends Readonly<Record<DagRunState, number>> {
  /** Such as `2026-11-03`. */
  readonly day: string;
  /** Task instances of runs that have ended. */
  readonly hits: number;
  readonly ran: number;
  /** Milliseconds. */
  readonly savedMs: number;
  readonly workedMs: number;
}

/**
 * Lists the days on which a Dag has runs.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `usage`.
 */
export async function dagCalendar(
  { stores, clock }: OperationContext,
  { from, to, ...name }: DagCalendarInput,
): Promise<CalendarDay[]> {
  const { team, dag } = await getDag(stores.dags, name);
  const [first, end] = periodOf({ from, to }, clock.now());
  const period = { team, dagId: dag.dagId, by: "date", from: first, before: end } as const;
  return daysOf(await stores.views.sumByDay(period));
}

function periodOf(
  { from, to }: Pick<DagCalendarInput, "from" | "to">,
  now: number,
): readonly [number, number] {
  const start = from === undefined ? undefined : readWrittenTime("from", from);
  const tomorrow = (Math.floor(now / DAY_MS) + 1) * DAY_MS;
  const end =
    to !== undefined
      ? readWrittenTime("to", to)
      : start === undefined
        ? tomorrow
        : start + DEFAULT_DAYS * DAY_MS;
  return [start ?? end - DEFAULT_DAYS * DAY_MS, end];
}

/** Joins the states of each day. */
export function daysOf(sums: readonly DaySums[]): CalendarDay[] {
  return [...Map.groupBy(sums, ({ day }) => day)].map(([day, ofDay]) => {
    const total = (of: (one: DaySums) => number) => ofDay.reduce((sum, one) => sum + of(one), 0);
    const countOf = (state: DagRunState) => total((one) => (one.state === state ? one.runs : 0));
    return {
      day: new Date(day * DAY_MS).toISOString().slice(0, 10),
      ...(Object.fromEntries(DAG_RUN_STATES.map((state) => [state, countOf(state)])) as Record<
        DagRunState,
        number
      >),
      hits: total(({ hits }) => hits),
      ran: total(({ ran }) => ran),
      savedMs: total(({ savedMs }) => savedMs),
      workedMs: total(({ workedMs }) => workedMs),
    };
  });
}
