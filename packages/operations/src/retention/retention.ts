// Removes ended runs and parts of them that are over the limits of the config, in short steps.

import type { EndedRun, LogStore, RunPart } from "@memodag/core";
import { inPacedBatches } from "@memodag/result-cache";
import type { OperationContext } from "../context.ts";
import { drainRows, removeLogs } from "./drain.ts";
import type { RetentionLimits } from "../retention-limits.ts";
import { oldRuns, runsOverSize, runsWithOldXComs, withoutNeeded, type RunPages } from "./old-runs.ts";
import { addRemoved, NOTHING_REMOVED, type Removed } from "./removed.ts";
import { WaitingRuns } from "./waiting-runs.ts";

/** The parts of a context that retention needs. */
export type RetentionContext = Pick<OperationContext, "logs"> & {
  readonly stores: Pick<
    OperationContext["stores"],
    "runRetention" | "dags" | "audit" | "sources" | "staleRows"
  >;
  readonly settings: Pick<OperationContext["settings"], "retention">;
};

/** The stores and limits of a {@link Retention}. */
export interface RetentionParts {
  readonly stores: RetentionContext["stores"];
  readonly logs: LogStore;
  readonly limits: RetentionLimits;
  /** How many times as long as a step the rest after it is. */
  readonly restsABatch: number;
}

/** Runs that a step looks at, at least: finding them takes longer than removing so few. */
const FEWEST_RUNS = 100;

/** Milliseconds for which it is known that a run was removed, for the logs that it has on other machines. */
const REMOVAL_KNOWN_MS = 7 * 86_400_000;

/** Milliseconds for which leases that are over stay: much longer than clocks may differ. */
const STALE_MS = 86_400_000;

/** Removes what is over the limits. Any number may work at once. */
export class Retention {
  readonly #parts: RetentionParts;
  #removed: Removed = NOTHING_REMOVED;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  /** Removes until nothing is over a limit, or the signal aborts. Returns how much was removed. */
  async clean(signal?: AbortSignal): Promise<Removed> {
    const { stores, limits, restsABatch } = this.#parts;
    const { runRetention, dags } = stores;
    this.#removed = NOTHING_REMOVED;
    // A process that was killed may have left rows.
    await drainRows(runRetention, { restsABatch, signal });
    const waiting = await WaitingRuns.read(runRetention, dags);
    const parts = { retention: runRetention, dags, limits };
    for (const pages of await oldRuns(parts))
      await this.#walk(pages, waiting, (runs) => this.#removeRuns(runs), signal);
    for (const pages of runsWithOldXComs(parts))
      await this.#walk(pages, waiting, (runs) => this.#removePart(runs, "xcoms"), signal);
    await this.#fit("xcoms", limits.maxXComBytes, waiting, signal);
    await this.#fit("entries", limits.maxEntryBytes, waiting, signal);
    await drainRows(runRetention, { restsABatch, signal });
    await this.#paced(
      async (limit) => (await runRetention.forgetRemoved(limit, REMOVAL_KNOWN_MS)) > 0,
      signal,
    );
    await this.#collectAged(signal);
    return this.#removed;
  }

  async #collectAged(signal: AbortSignal | undefined): Promise<void> {
    const { stores, limits } = this.#parts;
    for (const [store, olderThanMs] of [
      [stores.audit, limits.auditMs],
      [stores.sources, limits.explanationsMs],
      [stores.staleRows, STALE_MS],
    ] as const) {
      if (olderThanMs === null) continue;
      await this.#paced(async (limit) => (await store.deleteBatch(limit, olderThanMs)).count > 0, signal);
    }
  }

  async #walk(
    pages: RunPages,
    waiting: WaitingRuns,
    remove: (runs: readonly EndedRun[]) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    let after: EndedRun | undefined;
    await this.#paced(async (limit) => {
      const page = await pages(after, Math.max(limit, FEWEST_RUNS));
      await remove(await withoutNeeded(this.#parts.stores.runRetention, waiting, page));
      after = page.at(-1);
      return after !== undefined;
    }, signal);
  }

  async #fit(
    part: RunPart,
    maxBytes: number | null,
    waiting: WaitingRuns,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (maxBytes === null) return;
    const { runRetention } = this.#parts.stores;
    let size = 1;
    const pages = runsOverSize(runRetention, part, maxBytes, () => size);
    await this.#paced(async (limit) => {
      size = Math.max(limit, FEWEST_RUNS);
      const { value: page, done } = await pages.next();
      if (done) return false;
      await this.#removePart(await withoutNeeded(runRetention, waiting, page), part);
      return true;
    }, signal);
  }

  async #removeRuns(runs: readonly EndedRun[]): Promise<void> {
    const { stores, logs } = this.#parts;
    const { runRetention } = stores;
    if (runs.length === 0) return;
    const removed = await runRetention.removeOld(runs.map(({ id }) => id));
    const rows = await runRetention.count(removed.map(({ id }) => id));
    this.#add({ ...rows, runs: removed.length });
    this.#add(await removeLogs(logs, removed));
  }

  async #removePart(runs: readonly EndedRun[], part: RunPart): Promise<void> {
    const { runRetention } = this.#parts.stores;
    if (runs.length === 0) return;
    const removed = await runRetention.removePart(
      runs.map(({ id }) => id),
      part,
    );
    const { [part]: count } = await runRetention.count(removed);
    this.#add({ [part]: count });
  }

  #add(removed: Partial<Removed>): void {
    this.#removed = addRemoved(this.#removed, removed);
  }

  async #paced(work: (limit: number) => Promise<boolean>, signal: AbortSignal | undefined): Promise<void> {
    await inPacedBatches(work, signal, this.#parts.restsABatch);
  }
}
