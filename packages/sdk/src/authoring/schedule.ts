// Which schedules and time zones a Dag may name.

import { Cron } from "croner";
import { show, type Fault } from "./dag-fault.ts";

const ALIASES: ReadonlySet<string> = new Set([
  "@annually",
  "@continuous",
  "@daily",
  "@hourly",
  "@midnight",
  "@monthly",
  "@once",
  "@weekly",
  "@yearly",
]);

const MEND = 'write five fields such as "0 6 * * *", or one of @hourly, @daily, @weekly, @monthly, @yearly';

/** What is wrong with a schedule; `undefined`: nothing. */
export function findScheduleFault(schedule: string): Fault | undefined {
  if (schedule.startsWith("@")) {
    if (ALIASES.has(schedule)) return undefined;
    return { problem: `is ${show(schedule)}, which is not a schedule`, mend: MEND };
  }
  try {
    // The reference is fixed, so that a Dag is as valid today as tomorrow.
    const cron = new Cron(schedule, { paused: true, mode: "5-part", utcOffset: 0 });
    if (cron.nextRun("2000-01-01T00:00:00Z")) return undefined;
    return { problem: `is ${show(schedule)}, which never comes`, mend: "write a day that exists" };
  } catch (cause) {
    return { problem: `is ${show(schedule)}, which is not a cron expression`, mend: MEND, cause };
  }
}

/** What is wrong with a time zone; `undefined`: nothing. */
export function findTimezoneFault(timezone: string): Fault | undefined {
  // Every worker reads its Dag file, and the first use of Intl takes longer than all the rest.
  if (timezone === "UTC") return undefined;
  try {
    new Intl.DateTimeFormat("en", { timeZone: timezone }).format(0);
    return undefined;
  } catch (cause) {
    return {
      problem: `is ${show(timezone)}, which is not a time zone`,
      mend: 'write an IANA name such as "Europe/Paris"',
      cause,
    };
  }
}
