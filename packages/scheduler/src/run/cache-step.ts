// The part of a pass that asks the cache: ready instances in, what becomes of each of them out.

import {
  MemodagError,
  Turns,
  type DagFileId,
  type DagRun,
  type DagVersion,
  type Digest,
  type LoadedPackage,
  type Reason,
  type SerializedCacheConfig,
  type SerializedDag,
  type TaskInstance,
  type TaskSurroundings,
} from "@memodag/core";
import {
  cacheKey,
  recordComponents,
  type KeyComponents,
  type LookupOutcome,
  type PassLookup,
  type RecordedComponents,
} from "@memodag/result-cache";
import type { DagNode } from "../graph/dag-graph.ts";
import { attemptContext } from "./attempt-builder.ts";
import { answeredInstance, scheduledInstance, type AnsweredInstance } from "./cache-answer.ts";
import {
  cacheIntent,
  keyComponents,
  switchedOff,
  unfollowedReason,
  type KeyParts,
  type KnownSurroundings,
} from "./cache-intent.ts";
import type { RunContext } from "./run-context.ts";
import type { NamedArgument } from "./instance-argument.ts";
import { readShownValues } from "./shown-values.ts";
import type { KeyedInstance, ReadyInstance } from "./ready-instance.ts";
import type { RunResults } from "./run-results.ts";

/** Keys of the Dag's last run that may be fetched ahead: more than a cascade of hits has levels. */
const MOST_FORESEEN = 5_000;

/** Bytes of results that are taken before they are written, or one result more. */
const MOST_BYTES = 64 * 2 ** 20;

/** The arguments of an instance. */
export type ArgsOf = (node: DagNode, mapIndex: number) => readonly NamedArgument[];

/** Why an instance is to run whatever the cache holds, by what its row says; `null`: it need not. */
export type RefreshReasonOf = (node: DagNode, mapIndex: number) => Reason | null;

type Evaluated =
  | (ReadyInstance & { readonly kind: "decided"; readonly change: Partial<TaskInstance> })
  | (KeyedInstance & { readonly kind: "ask" });

/** Asks the cache for one run. */
export class CacheStep {
  readonly #context: RunContext;
  readonly #dag: SerializedDag;
  readonly #file: DagFileId;
  readonly #results: RunResults;
  readonly #argsOf: ArgsOf;
  readonly #refreshReasonOf: RefreshReasonOf;
  #foreseen: readonly Digest[] | undefined;
  /** Of keys that were made with more than the runtime: files or a program, which may change. */
  readonly #madeWith = new Map<Digest, KnownSurroundings>();

  constructor(
    context: RunContext,
    { dag, file }: Pick<DagVersion, "dag" | "file">,
    results: RunResults,
    argsOf: ArgsOf,
    refreshReasonOf: RefreshReasonOf,
  ) {
    this.#context = context;
    this.#dag = dag;
    this.#file = file;
    this.#results = results;
    this.#argsOf = argsOf;
    this.#refreshReasonOf = refreshReasonOf;
  }

  /** What the key of an instance is made of; the same whenever it is asked within a run. */
  async componentsOf(
    run: DagRun,
    { node, mapIndex }: ReadyInstance,
    config: SerializedCacheConfig,
    surroundings: KnownSurroundings,
  ): Promise<KeyComponents> {
    return await keyComponents(this.#partsOf(run, { node, mapIndex }, config, surroundings), this.#results);
  }

  /** Those components as a record keeps them. */
  async recordedComponentsOf(
    run: DagRun,
    instance: ReadyInstance,
    config: SerializedCacheConfig,
    components: KeyComponents,
    surroundings: KnownSurroundings,
  ): Promise<RecordedComponents> {
    const parts = this.#partsOf(run, instance, config, surroundings);
    const textOf = await readShownValues(parts, this.#results);
    const recorded = recordComponents(components, textOf, this.#context.secrets);
    const shownFiles = surroundings.files?.shown;
    return shownFiles ? { ...recorded, shownFiles } : recorded;
  }

  /** What a key was made with in this run; looked at now when that is not known. */
  async surroundingsOfKey(key: Digest, node: DagNode): Promise<TaskSurroundings> {
    return this.#madeWith.get(key) ?? (await this.surroundingsOf(node));
  }

  /** What a key of the task would be made with now. */
  async surroundingsOf({ task }: DagNode): Promise<TaskSurroundings> {
    return await this.#context.surroundings.of(this.#file, task);
  }

  /** Why packages that an attempt loaded are not those that its key was made with; `null`: they are. */
  async findPackageChange(
    loaded: readonly LoadedPackage[],
    spawnedAt: number | undefined,
  ): Promise<Reason | null> {
    const { installed = { sealed: [], named: [] } } = this.#dag;
    return await this.#context.surroundings.findPackageChange(this.#file, installed, loaded, spawnedAt);
  }

  #partsOf(
    run: DagRun,
    { node, mapIndex }: ReadyInstance,
    config: SerializedCacheConfig,
    surroundings: KnownSurroundings,
  ): KeyParts {
    const instance = { taskId: node.task.taskId, mapIndex, tryNumber: 0, maxTries: 0 };
    return {
      team: run.team,
      dag: this.#dag,
      task: node.task,
      config,
      args: this.#argsOf(node, mapIndex),
      // A key is made before there is an attempt; which one it is cannot be in it.
      context: attemptContext(run, instance, ""),
      env: this.#context.env,
      surroundings,
    };
  }

  /**
   * Changes nothing by itself, so that a pass can ask again after a fault.
   * @returns one for each that is ready, or for the first of them when their results are very large
   */
  async ask(lookup: PassLookup, run: DagRun, ready: readonly ReadyInstance[]): Promise<AnsweredInstance[]> {
    const { cachingOffReason } = this.#context;
    const offReason = cachingOffReason();
    const evaluated: Evaluated[] = [];
    const turns = new Turns();
    // Looked at once for all instances of a task, and for all tasks at the same time.
    const around = this.#lookAround(run, ready, offReason);
    for (const instance of ready) {
      const surroundings = around.get(instance.node);
      evaluated.push(await this.#evaluate(run, instance, offReason, surroundings));
      if (turns.isOver) await turns.pause();
    }
    const asks = evaluated.filter((instance) => instance.kind === "ask");
    if (asks.length === 0)
      return evaluated.map((instance) => settled(instance, undefined, this.#context.clock.now()));
    this.#foreseen ??= await this.#context.runs.listPreviousCacheKeys(
      run.team,
      run.dagId,
      run.id,
      MOST_FORESEEN,
    );
    const askedAt = this.#context.clock.monotonic();
    const outcome = await lookup.ask(asks, this.#foreseen, MOST_BYTES);
    this.#countLookups(run, asks, this.#context.clock.monotonic() - askedAt);
    // A switch that was turned meanwhile counts: however late the answer, no hit is recorded after it.
    const turnedOff = cachingOffReason();
    if (turnedOff !== null) {
      const change = { cacheStatus: "disabled", cacheReason: switchedOff(turnedOff) } as const;
      return evaluated.map((instance) =>
        scheduledInstance(instance, instance.kind === "decided" ? instance.change : change),
      );
    }
    const now = this.#context.clock.now();
    return answeredOf(evaluated, outcome).map((instance) => settled(instance, outcome, now));
  }

  #lookAround(
    run: DagRun,
    ready: readonly ReadyInstance[],
    offReason: string | null,
  ): Map<DagNode, TaskSurroundings | Promise<TaskSurroundings>> {
    const around = new Map<DagNode, TaskSurroundings | Promise<TaskSurroundings>>();
    for (const { node } of ready) {
      if (around.has(node)) continue;
      if (cacheIntent(this.#dag, node.task, run.cacheMode, offReason).kind === "off") continue;
      around.set(node, this.#context.surroundings.of(this.#file, node.task));
    }
    return around;
  }

  #countLookups({ team, dagId }: DagRun, asks: readonly ReadyInstance[], lookupMs: number): void {
    for (const [taskId, ofTask] of Map.groupBy(asks, ({ node }) => node.task.taskId)) {
      const lookups = ofTask.length;
      const counts = { lookups, lookupMs: lookupMs * lookups, lookupMaxMs: lookupMs };
      this.#context.cache.count({ team, dagId, taskId }, counts);
    }
  }

  /** Asks again, for instances that missed under these keys, under the same deadline. */
  async askAgain(
    lookup: PassLookup,
    missed: readonly (ReadyInstance & Pick<KeyedInstance, "key">)[],
  ): Promise<AnsweredInstance[]> {
    const asked = missed.flatMap((instance) => {
      const config = instance.node.task.cache;
      return config ? [this.#keyed(instance, config)] : [];
    });
    const outcome = await lookup.askAgain(asked);
    // As in `ask`: no hit after caching was switched off.
    if (this.#context.cachingOffReason() !== null) return [];
    const now = this.#context.clock.now();
    return asked.map((instance) => answeredInstance(instance, outcome, now));
  }

  #keyed(
    { node, mapIndex, key }: ReadyInstance & Pick<KeyedInstance, "key">,
    { ttlMs, errorsTtlMs }: SerializedCacheConfig,
  ): KeyedInstance {
    const readerTtlMs = ttlMs === "default" ? this.#context.defaultTtlMs() : ttlMs;
    return { node, mapIndex, key, ttlMs: readerTtlMs, errorsTtlMs };
  }

  async #evaluate(
    run: DagRun,
    { node, mapIndex }: ReadyInstance,
    offReason: string | null,
    around: TaskSurroundings | Promise<TaskSurroundings> | undefined,
  ): Promise<Evaluated> {
    const intent = cacheIntent(this.#dag, node.task, run.cacheMode, offReason);
    const decided = (change: Partial<TaskInstance>): Evaluated => ({
      node,
      mapIndex,
      kind: "decided",
      change,
    });
    if (intent.kind === "off") return decided({ cacheStatus: "disabled", cacheReason: intent.reason });
    const unfollowed = unfollowedReason(node.task);
    if (unfollowed !== null) return decided({ cacheStatus: "uncacheable", cacheReason: unfollowed });
    const args = this.#argsOf(node, mapIndex);
    const sizeBytes = args.reduce((sum, [, template]) => sum + this.#results.sizeOf(template), 0);
    if (sizeBytes > this.#context.maxInputSize()) {
      const detail = { sizeBytes, limitBytes: this.#context.maxInputSize() };
      return decided({ cacheStatus: "uncacheable", cacheReason: { code: "input_too_large", detail } });
    }
    // Most are known at once, and awaiting them all would cost a wide Dag.
    const surroundings = around instanceof Promise ? await around : around;
    if (surroundings?.kind !== "known") {
      const reason = surroundings?.reason ?? ({ code: "surroundings_unknown" } as const);
      return decided({ cacheStatus: "uncacheable", cacheReason: reason });
    }
    try {
      const components = await this.componentsOf(run, { node, mapIndex }, intent.config, surroundings);
      const key = cacheKey(components);
      if (around instanceof Promise) this.#madeWith.set(key, surroundings);
      const refreshReason: Reason | null =
        intent.kind === "refresh" ? { code: "refresh_requested" } : this.#refreshReasonOf(node, mapIndex);
      if (refreshReason !== null) {
        return decided({ cacheStatus: "skipped", cacheReason: refreshReason, cacheKey: key });
      }
      return { ...this.#keyed({ node, mapIndex, key }, intent.config), kind: "ask" };
    } catch (error) {
      if (!(error instanceof MemodagError)) throw error;
      // What cannot be keyed exactly is not cached: there is no partial key.
      const detail = { errorCode: error.code, what: error.message };
      return decided({ cacheStatus: "uncacheable", cacheReason: { code: "key_failed", detail } });
    }
  }
}

/** As far as there are answers without a gap. */
function answeredOf(evaluated: readonly Evaluated[], outcome: LookupOutcome): readonly Evaluated[] {
  if (outcome.kind !== "answered" || !outcome.isPartial) return evaluated;
  const gap = evaluated.findIndex(
    (instance) => instance.kind === "ask" && !outcome.answers.has(instance.key),
  );
  return evaluated.slice(0, gap);
}

function settled(instance: Evaluated, outcome: LookupOutcome | undefined, now: number): AnsweredInstance {
  if (instance.kind === "decided") return scheduledInstance(instance, instance.change);
  if (!outcome) throw new Error("an instance asked the cache and nobody answered");
  return answeredInstance(instance, outcome, now);
}
