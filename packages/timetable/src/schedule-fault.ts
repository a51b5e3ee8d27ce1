// Validates a schedule, with messages for the author of a Dag.

import { intervalOf, messageOf, type SerializedDag } from "@memodag/core";
import { Cron } from "croner";
import { ONCE } from "./dates.ts";
import { endOfTime, startOfTime } from "./local-time.ts";

/** A fault of one of a Dag's options, and how to fix it. */
export interface ScheduleFault {
  readonly option: "endDate" | "schedule" | "timezone";
  readonly problem: string;
  readonly fix: string;
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

const FIX =
  'use five fields such as "0 6 * * *", one of @hourly, @daily, @weekly, @monthly, @yearly, @once, ' +
  'or every("15m")';

/** Returns the first fault of a Dag's schedule, or `undefined`. */
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
    return { option: "timezone", problem, fix: 'use an IANA name such as "Europe/Paris"' };
  }
}

function findDatesFault(schedule: string | null): ScheduleFault | undefined {
  if (schedule === null || ALIASES.has(schedule)) return undefined;
  const shown = JSON.stringify(schedule).slice(0, 80);
  const fault = (problem: string, fix: string): ScheduleFault => ({ option: "schedule", problem, fix });
  if (schedule === "@continuous") {
    return fault(`is ${shown}, which would run continuously`, 'use an interval, such as every("1m")');
  }
  try {
    const intervalMs = intervalOf(schedule);
    if (intervalMs !== null && intervalMs < 1_000) return fault(`is ${shown}, under a second`, FIX);
    if (intervalMs !== null) return undefined;
    if (schedule.startsWith("@")) return fault(`is ${shown}, which is not a schedule`, FIX);
    // Croner would also accept a date.
    if (schedule.trim().split(/\s+/).length !== 5) throw new Error("it does not have five fields");
    // Uses a fixed reference time, so that the validity of a Dag does not depend on today's date.
    const cron = new Cron(schedule, { mode: "5-part", utcOffset: 0 });
    if (cron.nextRun("2000-01-01T00:00:00Z")) return undefined;
    return fault(`is ${shown}, which never occurs`, "use a day that exists");
  } catch (error) {
    const said = messageOf(error).replace(/^CronPattern: /, "");
    return fault(`is ${shown}, which is not a cron expression (${said})`, FIX);
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
    fix: "use a later date, or leave it out",
  };
}
