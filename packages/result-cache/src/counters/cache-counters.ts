// Counts in memory and writes periodically, in batches: lookups and stores do not wait for it.

import {
  messageOf,
  withCallTimeouts,
  withinTimeout,
  type CancelTimer,
  type Clock,
  type Digest,
  type Logger,
} from "@memodag/core";
import type { RecordLookup } from "../record-store.ts";
import {
  NO_COUNTS,
  addCounts,
  type CacheCounts,
  type MutableCounts,
  type TaskCounts,
  type TaskName,
} from "./cache-counts.ts";
import type { CounterStore } from "./counter-store.ts";

/** Milliseconds from the first count that is not written yet to its being written. */
const FLUSH_AFTER_MS = 2_000;

/** Milliseconds after which counts are tried again that could not be written. */
const RETRY_AFTER_MS = 15_000;

/** Records whose hits one call writes at most, so that no database is held up for long. */
const HITS_A_CALL = 1_000;

/** Records whose hits are kept for a database that is away; more would fill the memory. */
const MAX_WAITING_RECORDS = 100_000;

/** Milliseconds that one call may take: at its end, a process waits for it. */
const CALL_TIMEOUT_MS = 2_000;

/** The parts of {@link CacheCounters}. */
export interface CacheCountersParts {
  readonly records: Pick<RecordLookup, "touch">;
  /** Where tasks' counts go; without it they go nowhere. */
  readonly counters?: CounterStore | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Counts of this process that are not written yet: hits by record, and everything by task. */
export class CacheCounters {
  readonly #parts: CacheCountersParts;
  readonly #hits = new Map<string, Map<Digest, number>>();
  readonly #tasks = new Map<string, TaskName & { readonly counts: MutableCounts }>();
  #cancelFlush: CancelTimer | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #isFailing = false;

  constructor(parts: CacheCountersParts) {
    const { counters, clock } = parts;
    this.#parts = { ...parts, counters: counters && withCallTimeouts(counters, "counters", clock) };
  }

  /** Counts hits of records. */
  addHits(team: string, keys: readonly Digest[]): void {
    for (const key of keys) this.#addHits(team, key, 1);
    this.#flushIn(FLUSH_AFTER_MS);
  }

  /** Counts what happened to a task. */
  add(task: TaskName, counts: Partial<CacheCounts>): void {
    if (!this.#parts.counters) return;
    this.#addTask(task, counts);
    this.#flushIn(FLUSH_AFTER_MS);
  }

  /** Writes what there is. Never rejects: what cannot be written is kept and tried again later. */
  async flush(): Promise<void> {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    this.#flushing = this.#flushing.then(() => this.#write());
    await this.#flushing;
  }

  async #write(): Promise<void> {
    const hits = [...this.#hits];
    const tasks = [...this.#tasks.values()];
    this.#hits.clear();
    this.#tasks.clear();
    let failure: unknown;
    for (const [team, ofTeam] of hits) {
      if (failure === undefined) failure = await this.#writeHits(team, ofTeam);
      // One deadline, not one for each team.
      else for (const [key, count] of ofTeam) this.#addHits(team, key, count);
    }
    failure = (await this.#writeTasks(tasks)) ?? failure;
    if (failure === undefined) {
      this.#isFailing = false;
      return;
    }
    // Once, not at every try: a database that is away is told of by those who need it.
    if (!this.#isFailing) {
      this.#parts.log.warn("could not write the cache's counters and will try again", {
        error: messageOf(failure),
      });
    }
    this.#isFailing = true;
    this.#flushIn(RETRY_AFTER_MS);
  }

  /** Resolves to what went wrong, if anything did. */
  async #writeHits(team: string, hits: ReadonlyMap<Digest, number>): Promise<unknown> {
    const counted = Array.from(hits, ([key, count]) => ({ key, count }));
    for (let from = 0; from < counted.length; from += HITS_A_CALL) {
      try {
        const call = this.#parts.records.touch(team, counted.slice(from, from + HITS_A_CALL));
        const late = (): Error => new Error(`no answer within ${CALL_TIMEOUT_MS} ms`);
        await withinTimeout(call, { clock: this.#parts.clock, timeoutMs: CALL_TIMEOUT_MS, late });
      } catch (error) {
        // One that was late may have counted after all: twice is better than a process that does not end.
        for (const { key, count } of counted.slice(from)) this.#addHits(team, key, count);
        return error;
      }
    }
    return undefined;
  }

  async #writeTasks(tasks: readonly TaskCounts[]): Promise<unknown> {
    if (tasks.length === 0) return undefined;
    try {
      await this.#parts.counters?.add(tasks);
      return undefined;
    } catch (error) {
      for (const { counts, ...task } of tasks) this.#addTask(task, counts);
      return error;
    }
  }

  #addHits(team: string, key: Digest, count: number): void {
    const hits = this.#hits.get(team) ?? new Map<Digest, number>();
    this.#hits.set(team, hits);
    const present = hits.get(key);
    if (present === undefined && hits.size >= MAX_WAITING_RECORDS) return;
    hits.set(key, (present ?? 0) + count);
  }

  #addTask({ team, dagId, taskId }: TaskName, counts: Partial<CacheCounts>): void {
    const name = JSON.stringify([team, dagId, taskId]);
    const kept = this.#tasks.get(name) ?? { team, dagId, taskId, counts: { ...NO_COUNTS } };
    this.#tasks.set(name, kept);
    addCounts(kept.counts, counts);
  }

  #flushIn(ms: number): void {
    this.#cancelFlush ??= this.#parts.clock.after(ms, () => void this.flush());
  }
}
