// Counts what retention would remove now.

import type { EndedRun } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import type { RetentionContext } from "./retention.ts";
import { FreedValues } from "./freed-values.ts";
import { oldRuns, runsOverSize, runsWithOldXComs, withoutNeeded, type RunPages } from "./old-runs.ts";
import { addRemoved, NOTHING_REMOVED, type Removed } from "./removed.ts";
import { WaitingRuns } from "./waiting-runs.ts";

/** The parts of a context that a plan needs. */
export type PlanContext = RetentionContext & {
  readonly stores: Pick<OperationContext["stores"], "listRecordStores">;
};

/** Runs that are read at a time. */
const PAGE = 500;

/** Counts what {@link Retention.clean} would remove. Values that nothing would refer to any more count as bytes. */
export async function planRetention({ stores, logs, settings }: PlanContext): Promise<Removed> {
  const retention = stores.runRetention;
  const limits = settings.retention();
  const waiting = await WaitingRuns.read(retention, stores.dags);
  const values = new FreedValues();
  let planned = NOTHING_REMOVED;
  /** Yields the runs that would go, each once, and none that go as a whole. */
  const removable = async function* (source: AsyncIterable<readonly EndedRun[]>, seen: Set<number>) {
    for await (const page of source) {
      const runs = (await withoutNeeded(retention, waiting, page)).filter(
        ({ id }) => !seen.has(id) && !whole.has(id),
      );
      for (const { id } of runs) seen.add(id);
      yield { runs, ids: runs.map(({ id }) => id), rows: await retention.count(runs.map(({ id }) => id)) };
    }
  };
  const whole = new Set<number>();
  const parts = { retention, dags: stores.dags, limits };
  for await (const { runs, ids, rows } of removable(pagesOf(await oldRuns(parts)), whole)) {
    planned = addRemoved(planned, { ...rows, runs: ids.length });
    values.add(await retention.listValues(ids));
    for (const run of runs) {
      const { count, sizeBytes } = await logs.measure(run);
      planned = addRemoved(planned, { logs: count, bytes: sizeBytes });
    }
  }
  const overSize = (part: "xcoms" | "entries", maxBytes: number | null) =>
    maxBytes === null ? pagesOf([]) : runsOverSize(retention, part, maxBytes, () => PAGE);
  const withoutXComs = new Set<number>();
  for (const source of [pagesOf(runsWithOldXComs(parts)), overSize("xcoms", limits.maxXComBytes)]) {
    for await (const { ids, rows } of removable(source, withoutXComs)) {
      planned = addRemoved(planned, { xcoms: rows.xcoms });
      values.add(await retention.listValues(ids));
    }
  }
  for await (const { rows } of removable(overSize("entries", limits.maxEntryBytes), new Set()))
    planned = addRemoved(planned, { entries: rows.entries });
  return addRemoved(planned, { bytes: await values.sizeFreed(stores) });
}

async function* pagesOf(sources: readonly RunPages[]): AsyncGenerator<readonly EndedRun[]> {
  for (const pages of sources) {
    for (let after: EndedRun | undefined; ;) {
      const page = await pages(after, PAGE);
      yield page;
      after = page.at(-1);
      if (!after) break;
    }
  }
}
