// Asks the cache for one run: takes ready instances, returns the outcome for each.

import {
  TimeSlice,
  type Digest,
  type EntrySnapshot,
  type RecordedEntry,
  type TaskSurroundings,
} from "@memodag/core";
import type { LookupOutcome, PassLookups } from "@memodag/result-cache";
import {
  answeredInstance,
  scheduledInstance,
  type AnsweredInstance,
  type KeyedInstance,
} from "../../cache/cache-answer.ts";
import { cacheIntent, switchedOff } from "../../cache/cache-intent.ts";
import type { RunContext } from "../../context/run-context.ts";
import type { Restorable } from "../../entries/run-entries.ts";
import type { DagNode } from "../../graph/dag-graph.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";
import { evaluate, type Evaluated } from "../../cache/evaluate.ts";
import { isRechecked, recheckShareOf } from "../../cache/recheck.ts";
import type { RunState } from "../state/run-state.ts";
import { askEach, ForeseenKeys, type Outcomes } from "./ask-each.ts";

/** Keys of the Dag's last run that may be prefetched: more than the number of levels in a cascade of hits. */
const MOST_FORESEEN = 50_000;

/** Bytes of results taken from the cache before they are written; a single result may exceed it. */
const MOST_BYTES = 64 * 2 ** 20;

const NONE: Outcomes = new Map();

type Around = ReadonlyMap<DagNode, TaskSurroundings | Promise<TaskSurroundings>>;

/** The lookups of one run. Has no side effects, so that a pass can ask again after a failure. */
export class AskCache {
  readonly #context: RunContext;
  readonly #state: RunState;
  #foreseen: ForeseenKeys | undefined;

  constructor(context: RunContext, state: RunState) {
    this.#context = context;
    this.#state = state;
  }

  /**
   * @returns one outcome for each ready instance, or for the first of them when their results are very large
   */
  async ask(lookups: PassLookups, ready: readonly ReadyInstance[]): Promise<AnsweredInstance[]> {
    const { cachingOffReason, runs, clock } = this.#context;
    const { run } = this.#state;
    const evaluated = await this.#evaluate(ready, cachingOffReason());
    const asks = evaluated.filter((instance) => instance.kind === "ask");
    if (asks.length === 0) return evaluated.map((instance) => settled(instance, NONE, clock.now()));
    const foreseen = (this.#foreseen ??= new ForeseenKeys(
      this.#state.version.dag,
      await runs.listPreviousCacheKeys(run.team, run.dagId, run.id, MOST_FORESEEN),
    ));
    const askedAt = clock.monotonic();
    const found = await askEach(lookups, asks, async (lookup, some, share) =>
      lookup.ask(some, foreseen.of(some[0]?.node.task.cache ?? null), MOST_BYTES * share),
    );
    const { outcomes, restorable } = await this.#checkEntries(asks, found);
    this.#countLookups(asks, clock.monotonic() - askedAt);
    // If caching was switched off meanwhile, no hit is recorded, however late the answer arrives.
    const turnedOff = cachingOffReason();
    if (turnedOff !== null) {
      const change = { cacheStatus: "disabled", cacheReason: switchedOff(turnedOff) } as const;
      return evaluated.map((instance) =>
        scheduledInstance(instance, instance.kind === "decided" ? instance.change : change),
      );
    }
    const now = clock.now();
    return answeredOf(evaluated, outcomes).map((instance) =>
      withEntries(settled(instance, outcomes, now), instance.kind === "ask" ? instance.key : "", restorable),
    );
  }

  /** Looks up again instances that missed under these keys, within the same deadline. */
  async askAgain(
    lookups: PassLookups,
    missed: readonly (ReadyInstance & Pick<KeyedInstance, "key">)[],
  ): Promise<AnsweredInstance[]> {
    const { cachingOffReason, clock, defaultTtlMs } = this.#context;
    const { run, keys, version } = this.#state;
    const limits = run.cacheLimits;
    const asked = missed.flatMap(({ node, mapIndex, key }): KeyedInstance[] => {
      if (!node.task.cache) return [];
      const { ttlMs: ownTtlMs, errorsTtlMs } = node.task.cache;
      const ttlMs = ownTtlMs === "default" ? defaultTtlMs() : ownTtlMs;
      const { taskId, cache } = node.task;
      const share = this.#recheckShareOf(node, mapIndex);
      const recheck = isRechecked(cache, { key, runId: run.runId, taskId, dag: version.dag, share });
      const made = keys.get(node, mapIndex);
      return [{ node, mapIndex, key, ttlMs, errorsTtlMs, limits, isRechecked: recheck, made }];
    });
    const found = await askEach(lookups, asked, async (lookup, some) => lookup.askAgain(some));
    const { outcomes, restorable } = await this.#checkEntries(asked, found);
    // As in `ask`: no hit after caching was switched off.
    if (cachingOffReason() !== null) return [];
    const now = clock.now();
    return asked.map((instance) =>
      withEntries(answeredInstance(instance, outcomeOf(instance, outcomes), now), instance.key, restorable),
    );
  }

  /** A hit whose entries cannot be restored is none. */
  async #checkEntries(
    asked: readonly KeyedInstance[],
    found: Outcomes,
  ): Promise<{ readonly outcomes: Outcomes; readonly restorable: Restorable }> {
    const records = new Map<Digest, readonly RecordedEntry[]>();
    for (const instance of asked) {
      const outcome = outcomeOf(instance, found);
      const answer = outcome.kind === "answered" ? outcome.answers.get(instance.key) : undefined;
      if (answer?.kind === "hit" && answer.hit.record.entries)
        records.set(instance.key, answer.hit.record.entries);
    }
    if (records.size === 0) return { outcomes: found, restorable: new Map() };
    const { entries } = this.#context;
    const restorable: Restorable = entries
      ? await entries.findRestorable(this.#state.run, records)
      : new Map(Array.from(records.keys(), (key) => [key, { failed: "there are no job caches here" }]));
    const outcomes = new Map(found);
    for (const instance of asked) {
      const { key } = instance;
      if (!records.has(key) || restorable.has(key)) continue;
      const answers = new Map([[key, { kind: "miss", reason: "result_missing" } as const]]);
      outcomes.set(instance, { kind: "answered", answers });
    }
    return { outcomes, restorable };
  }

  #recheckShareOf(node: DagNode, mapIndex: number): number {
    const { run, results } = this.#state;
    const instance = { taskId: node.task.taskId, mapIndex };
    return recheckShareOf(run, instance, results.lengthOf(node), this.#context.recheckShare());
  }

  async #evaluate(ready: readonly ReadyInstance[], offReason: string | null): Promise<Evaluated[]> {
    const { env, maxInputSize, maxProjectedSize, defaultTtlMs } = this.#context;
    const { run, version, table, work, results, keyAnswers } = this.#state;
    const limits = {
      maxInputSize: maxInputSize(),
      maxProjectedSize: maxProjectedSize(),
      defaultTtlMs: defaultTtlMs(),
    };
    const around = this.#lookAround(ready, offReason);
    const entries = this.#snapshots(around.keys());
    const evaluated: Evaluated[] = [];
    const slice = new TimeSlice();
    for (const { node, mapIndex } of ready) {
      const row = table.find(node, mapIndex);
      const own = {
        node,
        mapIndex,
        row,
        args: work.argsOf(node, mapIndex),
        surroundings: around.get(node),
        entries: entries.get(node),
        keyAnswer: keyAnswers.get(node, mapIndex),
        recheckShare: this.#recheckShareOf(node, mapIndex),
      };
      evaluated.push(await evaluate({ ...own, ...limits, run, dag: version.dag, offReason, env }, results));
      if (slice.isOver) await slice.pause();
    }
    return evaluated;
  }

  /** Listed once for all instances of a task: which entries there are does not depend on the instance. */
  #snapshots(nodes: Iterable<DagNode>): ReadonlyMap<DagNode, Promise<readonly EntrySnapshot[]>> {
    const { run, entries: pending } = this.#state;
    const snapshots = new Map<DagNode, Promise<readonly EntrySnapshot[]>>();
    for (const node of nodes) {
      const reads = node.task.cache?.reads;
      const listed = reads && this.#context.entries?.snapshot(run, reads, pending);
      // Awaited by the instances of the task, unless an earlier one fails.
      listed?.catch(() => undefined);
      if (listed) snapshots.set(node, listed);
    }
    return snapshots;
  }

  /** Examined once for all instances of a task, and for all tasks concurrently. */
  #lookAround(ready: readonly ReadyInstance[], offReason: string | null): Around {
    const { run, version } = this.#state;
    const around = new Map<DagNode, TaskSurroundings | Promise<TaskSurroundings>>();
    for (const { node } of ready) {
      if (around.has(node)) continue;
      if (cacheIntent(version.dag, node.task, run, offReason).kind === "off") continue;
      around.set(node, this.#context.surroundings.of(version.file, node.task));
    }
    return around;
  }

  #countLookups(asks: readonly ReadyInstance[], lookupMs: number): void {
    const { team, dagId } = this.#state.run;
    const { common } = this.#context.caches;
    for (const [taskId, ofTask] of Map.groupBy(asks, ({ node }) => node.task.taskId)) {
      const lookups = ofTask.length;
      const counts = { lookups, lookupMs: lookupMs * lookups, lookupMaxMs: lookupMs };
      common.count({ team, dagId, taskId }, counts);
    }
  }
}

/** The outcomes up to the first missing answer. */
function answeredOf(evaluated: readonly Evaluated[], outcomes: Outcomes): readonly Evaluated[] {
  const gap = evaluated.findIndex((instance) => {
    const outcome = instance.kind === "ask" ? outcomes.get(instance) : undefined;
    if (outcome?.kind !== "answered" || !outcome.isPartial) return false;
    return instance.kind === "ask" && !outcome.answers.has(instance.key);
  });
  return gap < 0 ? evaluated : evaluated.slice(0, gap);
}

function outcomeOf(instance: KeyedInstance, outcomes: Outcomes): LookupOutcome {
  const outcome = outcomes.get(instance);
  if (!outcome) throw new Error("an instance asked the cache and got no answer");
  return outcome;
}

function withEntries(answered: AnsweredInstance, key: Digest, restorable: Restorable): AnsweredInstance {
  const entries = answered.change.state === "success" ? restorable.get(key) : undefined;
  if (!entries) return answered;
  if (!("failed" in entries)) return { ...answered, entries };
  const cacheReason = { code: "lookup_failed", detail: { what: entries.failed } } as const;
  return scheduledInstance(answered, { cacheKey: key, cacheStatus: "lookup_failure", cacheReason });
}

function settled(instance: Evaluated, outcomes: Outcomes, now: number): AnsweredInstance {
  if (instance.kind === "decided") return scheduledInstance(instance, instance.change);
  return answeredInstance(instance, outcomeOf(instance, outcomes), now);
}
