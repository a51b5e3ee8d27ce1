// Schedule loops over a real metadata database, with a clock that stands until a test moves it.

import { silentLogger, type CancelTimer, type DagRun, type Logger } from "@memodag/core";
import type { Metastore } from "@memodag/metastore";
import { ScheduleLoop } from "@memodag/scheduler";

const POLL_MS = 60 * 60_000;

/** A loop, as one of several schedulers has it. */
export class RigLoop {
  readonly loop: ScheduleLoop;
  #timer: { readonly ms: number; readonly callback: () => void } | undefined;
  #whenResting = Promise.withResolvers<number>();

  constructor({ schedules, dags }: Metastore, now: () => number, log: Logger = silentLogger) {
    this.loop = new ScheduleLoop({
      dags,
      log,
      schedules: {
        readClock: async () => now(),
        listDueDags: (time) => schedules.listDueDags(time),
        writePlan: (plan) => schedules.writePlan(plan),
      },
      clock: { after: (ms, callback) => this.#rest(ms, callback), monotonic: () => performance.now() },
      options: { pollMs: () => POLL_MS },
      onRunMade: () => undefined,
    });
  }

  /** Lets it look, and resolves to how long it rests afterwards, in milliseconds. */
  async look(): Promise<number> {
    this.#whenResting = Promise.withResolvers();
    this.loop.wake();
    return await this.#whenResting.promise;
  }

  /** Ends its rest, as the time does, and resolves to the length of the next. */
  async wakeUp(): Promise<number> {
    this.#whenResting = Promise.withResolvers();
    this.#timer?.callback();
    return await this.#whenResting.promise;
  }

  #rest(ms: number, callback: () => void): CancelTimer {
    this.#timer = { ms, callback };
    this.#whenResting.resolve(ms);
    return () => {
      this.#timer = undefined;
    };
  }
}

/** Dates of a Dag's runs by type, in order, as ISO texts to the minute. */
export async function datesOf({ runs }: Metastore, dagId: string): Promise<string[]> {
  const all: DagRun[] = await runs.listRuns({ dagId, limit: 1_000 });
  return all
    .map(({ logicalDate, runType }) => {
      const date = logicalDate === null ? "-" : new Date(logicalDate).toISOString().slice(0, 16);
      return runType === "scheduled" ? date : `${date} ${runType}`;
    })
    .sort();
}
