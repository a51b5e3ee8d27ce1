// What is wrong with a schedule, told to the author of a Dag.

import { intervalOf, messageOf, type SerializedDag } from "@memodag/core";
import { Cron } from "croner";
import { ONCE } from "./dates.ts";
import { endOfTime, startOfTime } from "./local-time.ts";

/** What is wrong with one of a Dag's options, and how to mend it. */
export interface ScheduleFault {
  readonly option: "endDate" | "schedule" | "timezone";
  readonly problem: string;
  readonly mend: string;
}

const ALIASES: ReadonlySet<string> = new Set([
  ONCE,
  "@annually",
  "@daily",
  "@hourly",
  "@midnight",
  "@monthly",
  "@weekly",
  "@yearly",
]);

const MEND =
  'write five fields such as "0 6 * * *", one of @hourly, @daily, @weekly, @monthly, @yearly, @once, ' +
  'or every("15m")';

/** The first fault of a Dag's schedule; `undefined`: there is none. */
export function findScheduleFault(
  dag: Pick<SerializedDag, "schedule" | "timezone" | "startDate" | "endDate">,
): ScheduleFault | undefined {
  return findTimezoneFault(dag.timezone) ?? findDatesFault(dag.schedule) ?? findBoundsFault(dag);
}

function findTimezoneFault(timezone: string): ScheduleFault | undefined {
  try {
    new Intl.DateTimeFormat("en", { timeZone: timezone }).format(0);
    return undefined;
  } catch {
    const problem = `is ${JSON.stringify(timezone)}, which is not a time zone`;
    return { option: "timezone", problem, mend: 'write an IANA name such as "Europe/Paris"' };
  }
}

function findDatesFault(schedule: string | null): ScheduleFault | undefined {
  if (schedule === null || ALIASES.has(schedule)) return undefined;
  const shown = JSON.stringify(schedule).slice(0, 80);
  const fault = (problem: string, mend: string): ScheduleFault => ({ option: "schedule", problem, mend });
  if (schedule === "@continuous") {
    return fault(`is ${shown}, which would never rest`, 'write an interval, such as every("1m")');
  }
  try {
    const intervalMs = intervalOf(schedule);
    if (intervalMs !== null && intervalMs < 1_000) return fault(`is ${shown}, under a second`, MEND);
    if (intervalMs !== null) return undefined;
    if (schedule.startsWith("@")) return fault(`is ${shown}, which is not a schedule`, MEND);
    // Croner would take a date, too.
    if (schedule.trim().split(/\s+/).length !== 5) throw new Error("it does not have five fields");
    // The reference is fixed, so that a Dag is as valid today as tomorrow.
    const cron = new Cron(schedule, { mode: "5-part", utcOffset: 0 });
    if (cron.nextRun("2000-01-01T00:00:00Z")) return undefined;
    return fault(`is ${shown}, which never comes`, "write a day that exists");
  } catch (error) {
    const said = messageOf(error).replace(/^CronPattern: /, "");
    return fault(`is ${shown}, which is not a cron expression (${said})`, MEND);
  }
}

function findBoundsFault({
  timezone,
  startDate,
  endDate,
}: Pick<SerializedDag, "timezone" | "startDate" | "endDate">): ScheduleFault | undefined {
  if (startDate === undefined || endDate === undefined) return undefined;
  if (startOfTime(startDate, timezone) <= endOfTime(endDate, timezone)) return undefined;
  return {
    option: "endDate",
    problem: `is ${endDate}, before startDate, ${startDate}`,
    mend: "write a later one, or leave it out",
  };
}
