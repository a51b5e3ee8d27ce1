// Explains misses after the passes that made them, and stores the explanations. No pass and no lookup waits
// for it; where it fails, an explanation is missing and nothing else.

import { setImmediate as nextTurn } from "node:timers/promises";
import {
  TimeSlice,
  messageOf,
  withCallTimeouts,
  withinTimeout,
  type CacheStorage,
  type CancelTimer,
  type Clock,
  type Digest,
  type Logger,
  type TaskSourceRecord,
} from "@memodag/core";
import type { RecordedComponents } from "../key-components.ts";
import type { RecordStore, RemovalCause } from "../record-store.ts";
import type {
  CacheDecision,
  DecidedInstance,
  DecisionStore,
  EarlierKey,
  LookupVerdict,
} from "./decision-store.ts";
import { explainMiss } from "./explain-miss.ts";

/** Milliseconds from the first miss that is not explained yet to its being explained. */
const FLUSH_AFTER_MS = 250;

/** Misses that are explained together: SQLite is blocked for some milliseconds by as many. */
const BATCH = 100;

/** Misses that wait at most: more come faster than they can be explained, and go without. */
const MOST_WAITING = 20_000;

/** Earlier keys of an instance, the nearest of those kept, that are compared in full. */
const EARLIER_KEYS = 5;

/** Entries of a task that are looked at where no decision about it is kept. */
const EARLIER_ENTRIES = 50;

/** Milliseconds that a call to the cache may take: at its end, a process waits for it. */
const CALL_TIMEOUT_MS = 2_000;

/** A miss to explain. */
export interface NotedMiss extends DecidedInstance {
  readonly key: Digest;
  readonly verdict: LookupVerdict;
  /** The stores of the task. Absent: the deployment's. */
  readonly storage?: CacheStorage;
  /** Returns the components of the key, as records keep them. Called once, after the pass. */
  readonly components: () => Promise<RecordedComponents>;
}

/** The methods of a record store that explanations need. */
export type ExplainingRecords = Pick<RecordStore, "list" | "findRemovals">;

/** The parts of a {@link DecisionLog}. */
export interface DecisionLogParts {
  readonly decisions: DecisionStore;
  readonly records: ExplainingRecords;
  /** The records of stores that a task names. Absent: all are in `records`. */
  readonly recordsOf?: (team: string, storage: CacheStorage) => ExplainingRecords;
  /** Finds the components of source hashes of a team. */
  readonly findSources: (team: string, hashes: readonly Digest[]) => Promise<Map<Digest, TaskSourceRecord>>;
  readonly clock: Clock;
  readonly log: Logger;
}

type Explained = NotedMiss & { readonly made: RecordedComponents };

/** Misses of this process that are not explained yet. */
export class DecisionLog {
  readonly #parts: DecisionLogParts;
  readonly #waiting: NotedMiss[] = [];
  #cancelFlush: CancelTimer | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #isFailing = false;
  /** Stores that did not answer: what else is being written goes without them, or each batch would wait anew. */
  readonly #away = new Set<ExplainingRecords>();
  #hasLost = false;

  constructor(parts: DecisionLogParts) {
    const { decisions, findSources, clock } = parts;
    const dags = withCallTimeouts({ findSources }, "dags", clock);
    this.#parts = {
      ...parts,
      decisions: withCallTimeouts(decisions, "decisions", clock),
      findSources: (team, hashes) => dags.findSources(team, hashes),
    };
  }

  /** Takes a miss, to be explained soon. */
  note(miss: NotedMiss): void {
    if (this.#waiting.length >= MOST_WAITING) {
      if (!this.#hasLost) this.#parts.log.warn("misses come too fast: some will have no explanation");
      this.#hasLost = true;
      return;
    }
    this.#waiting.push(miss);
    this.#cancelFlush ??= this.#parts.clock.after(FLUSH_AFTER_MS, () => void this.flush());
  }

  /** Explains what waits; for the end of a process. Never rejects. */
  async flush(): Promise<void> {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    this.#flushing = this.#flushing.then(() => this.#write());
    await this.#flushing;
  }

  async #write(): Promise<void> {
    this.#away.clear();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH);
      try {
        await this.#parts.decisions.keep(await this.#explain(batch));
        this.#isFailing = false;
      } catch (error) {
        // Lost, not kept for later: an explanation is worth less than the memory of a long outage.
        if (!this.#isFailing) {
          this.#parts.log.warn("could not keep why tasks missed the cache", { error: messageOf(error) });
        }
        this.#isFailing = true;
      }
      // SQLite blocks the thread while it answers.
      await nextTurn();
    }
  }

  async #explain(batch: readonly NotedMiss[]): Promise<CacheDecision[]> {
    const misses = await this.#withComponents(batch);
    const absent = misses.filter(({ verdict }) => verdict === "no_entry");
    const removals = await this.#findRemovals(absent);
    const earlier = await this.#findEarlier(absent);
    const sources = await this.#findSources(absent, [...earlier.values()].flat());
    return misses.map((miss) => {
      const { team, dagId, runId, dagRunId, taskId, mapIndex, key, verdict, made } = miss;
      const explanation = explainMiss({
        verdict,
        components: made,
        removal: removals.get(nameOf(miss)),
        earlier: earlier.get(miss) ?? [],
        sources: sources.get(team) ?? new Map(),
      });
      return { team, dagId, runId, dagRunId, taskId, mapIndex, key, ...explanation, components: made };
    });
  }

  async #withComponents(batch: readonly NotedMiss[]): Promise<Explained[]> {
    const misses: Explained[] = [];
    const slice = new TimeSlice();
    for (const miss of batch) {
      try {
        misses.push({ ...miss, made: await miss.components() });
      } catch (error) {
        // Cleared since, or its upstream was: there is nothing to explain any more.
        this.#parts.log.debug("a miss has no explanation", { key: miss.key, error: messageOf(error) });
      }
      if (slice.isOver) await slice.pause();
    }
    return misses;
  }

  async #findRemovals(misses: readonly Explained[]): Promise<Map<string, RemovalCause | "untold">> {
    const found = new Map<string, RemovalCause | "untold">();
    for (const [team, ofTeam] of byTeam(misses)) {
      for (const [records, some] of Map.groupBy(ofTeam, (miss) => this.#recordsOf(miss))) {
        const keys = some.map(({ key }) => key);
        const removals = await this.#tryAsking(records, async () => await records.findRemovals?.(team, keys));
        for (const [key, { cause }] of removals ?? []) found.set(nameOf({ team, key }), cause);
        if (removals) continue;
        for (const miss of some) {
          if (await this.#parts.decisions.wasStored(miss)) found.set(nameOf(miss), "untold");
        }
      }
    }
    return found;
  }

  async #findEarlier(misses: readonly Explained[]): Promise<Map<Explained, readonly EarlierKey[]>> {
    const asked = misses.map((miss) => ({ ...miss, near: miss.made }));
    const decided = await this.#parts.decisions.listEarlier(asked, EARLIER_KEYS);
    const found = new Map<Explained, readonly EarlierKey[]>();
    const unknown: Explained[] = [];
    for (const [index, miss] of misses.entries()) {
      const earlier = decided[index] ?? [];
      if (earlier.length > 0) found.set(miss, earlier);
      else unknown.push(miss);
    }
    // Entries of before decisions were kept, or that have outlived theirs.
    for (const ofTask of Map.groupBy(unknown, taskOf).values()) {
      const entries = await this.#listEntries(ofTask);
      for (const miss of ofTask) {
        const others = entries.filter(
          ({ key, mapIndex, runId }) =>
            key !== miss.key && mapIndex === miss.mapIndex && runId !== miss.runId,
        );
        found.set(miss, others);
      }
    }
    return found;
  }

  async #listEntries([first]: readonly Explained[]): Promise<(EarlierKey & { readonly mapIndex: number })[]> {
    if (!first) return [];
    const { team, dagId, taskId } = first;
    const page = { limit: EARLIER_ENTRIES, offset: 0 };
    const store = this.#recordsOf(first);
    const records = await this.#tryAsking(store, () => store.list({ team, dagId, taskId }, page));
    return (records ?? []).map(({ key, components, producer: { runId, mapIndex } }) => ({
      key,
      components,
      runId,
      mapIndex,
    }));
  }

  async #findSources(
    misses: readonly Explained[],
    earlier: readonly EarlierKey[],
  ): Promise<Map<string, Map<Digest, TaskSourceRecord>>> {
    const found = new Map<string, Map<Digest, TaskSourceRecord>>();
    const hashes = new Set(
      [...misses.map(({ made }) => made), ...earlier.map(({ components }) => components)].map(
        ({ source }) => source,
      ),
    );
    for (const team of byTeam(misses).keys()) {
      found.set(team, await this.#parts.findSources(team, [...hashes]));
    }
    return found;
  }

  #recordsOf({ team, storage }: Explained): ExplainingRecords {
    const { records, recordsOf } = this.#parts;
    return recordsOf && storage?.keyStorage !== undefined ? recordsOf(team, storage) : records;
  }

  /** A store may be another system, and away: what it would have said is left out then. */
  async #tryAsking<T>(records: ExplainingRecords, ask: () => Promise<T>): Promise<T | undefined> {
    if (this.#away.has(records)) return undefined;
    try {
      const late = (): Error => new Error(`no answer within ${CALL_TIMEOUT_MS} ms`);
      return await withinTimeout(ask(), { clock: this.#parts.clock, timeoutMs: CALL_TIMEOUT_MS, late });
    } catch (error) {
      this.#away.add(records);
      this.#parts.log.debug("the cache could not be asked why tasks missed", { error: messageOf(error) });
      return undefined;
    }
  }
}

function byTeam(misses: readonly Explained[]): Map<string, Explained[]> {
  return Map.groupBy(misses, ({ team }) => team);
}

function nameOf({ team, key }: { readonly team: string; readonly key: Digest }): string {
  return `${key} ${team}`;
}

function taskOf({ team, dagId, taskId }: Explained): string {
  return JSON.stringify([team, dagId, taskId]);
}
