// The part of a pass that asks the cache: ready instances in, what becomes of each of them out.

import {
  MemodagError,
  RETURN_VALUE,
  Turns,
  type DagRun,
  type Digest,
  type SerializedCacheConfig,
  type SerializedDag,
  type TaskInstance,
  type XComWrite,
} from "@memodag/core";
import {
  cacheKey,
  type CacheHit,
  type KeyComponents,
  type LookupOutcome,
  type PassLookup,
} from "@memodag/result-cache";
import type { DagNode } from "../graph/dag-graph.ts";
import { attemptContext } from "./attempt-builder.ts";
import { cacheIntent, keyComponents } from "./cache-intent.ts";
import type { RunContext } from "./run-context.ts";
import type { NamedArgument } from "./instance-argument.ts";
import type { Returned, RunResults } from "./run-results.ts";

/** An instance that may run as far as the graph is concerned. */
export interface ReadyInstance {
  readonly node: DagNode;
  readonly mapIndex: number;
}

/** What becomes of a ready instance: `success` with a hit's XComs, or `scheduled`. */
export interface AnsweredInstance extends ReadyInstance {
  readonly change: Partial<TaskInstance>;
  readonly xcoms: readonly (XComWrite & { readonly bytes: Uint8Array })[];
  /** The returned value of a hit. */
  readonly returned: Returned;
}

/** What an instance that did not hit has returned so far. */
const NOTHING: Returned = { digest: "", sizeBytes: 0 };

/** The arguments of an instance. */
export type ArgsOf = (node: DagNode, mapIndex: number) => readonly NamedArgument[];

type Evaluated = ReadyInstance &
  (
    | { readonly kind: "decided"; readonly change: Partial<TaskInstance> }
    | { readonly kind: "ask"; readonly key: Digest; readonly ttlMs: number | null }
  );

/** Asks the cache for one run. */
export class CacheStep {
  readonly #context: RunContext;
  readonly #dag: SerializedDag;
  readonly #results: RunResults;
  readonly #argsOf: ArgsOf;
  #foreseen: readonly Digest[] | undefined;

  constructor(context: RunContext, dag: SerializedDag, results: RunResults, argsOf: ArgsOf) {
    this.#context = context;
    this.#dag = dag;
    this.#results = results;
    this.#argsOf = argsOf;
  }

  /** What the key of an instance is made of; the same whenever it is asked within a run. */
  async componentsOf(
    run: DagRun,
    { node, mapIndex }: ReadyInstance,
    config: SerializedCacheConfig,
  ): Promise<KeyComponents> {
    const instance = { taskId: node.task.taskId, mapIndex, tryNumber: 0, maxTries: 0 };
    const parts = {
      team: run.team,
      dag: this.#dag,
      task: node.task,
      config,
      args: this.#argsOf(node, mapIndex),
      context: attemptContext(run, instance),
      env: this.#context.env,
    };
    return await keyComponents(parts, this.#results);
  }

  /** Changes nothing by itself, so that a pass can ask again after a fault. */
  async ask(lookup: PassLookup, run: DagRun, ready: readonly ReadyInstance[]): Promise<AnsweredInstance[]> {
    const isEnabled = this.#context.isCachingEnabled();
    const evaluated: Evaluated[] = [];
    const turns = new Turns();
    for (const instance of ready) {
      evaluated.push(await this.#evaluate(run, instance, isEnabled));
      if (turns.isOver) await turns.pause();
    }
    const asks = evaluated.filter((instance) => instance.kind === "ask");
    if (asks.length === 0)
      return evaluated.map((instance) => answered(instance, undefined, this.#context.clock.now()));
    this.#foreseen ??= await this.#context.runs.listPreviousCacheKeys(run.team, run.dagId, run.id);
    const outcome = await lookup.ask(asks, this.#foreseen);
    const now = this.#context.clock.now();
    return evaluated.map((instance) => answered(instance, outcome, now));
  }

  async #evaluate(run: DagRun, { node, mapIndex }: ReadyInstance, isEnabled: boolean): Promise<Evaluated> {
    const intent = cacheIntent(this.#dag, node.task, run.cacheMode, isEnabled);
    const decided = (change: Partial<TaskInstance>): Evaluated => ({
      node,
      mapIndex,
      kind: "decided",
      change,
    });
    if (intent.kind === "off") return decided({ cacheStatus: "disabled", cacheReason: intent.reason });
    const args = this.#argsOf(node, mapIndex);
    const sizeBytes = args.reduce((sum, [, template]) => sum + this.#results.sizeOf(template), 0);
    if (sizeBytes > this.#context.maxInputSize) {
      const limit = this.#context.maxInputSize;
      const reason = `input_too_large: ${sizeBytes} bytes, more than max_input_size of ${limit}`;
      return decided({ cacheStatus: "uncacheable", cacheReason: reason });
    }
    try {
      const components = await this.componentsOf(run, { node, mapIndex }, intent.config);
      const key = cacheKey(components);
      if (intent.kind === "refresh") {
        return decided({ cacheStatus: "skipped", cacheReason: "a refresh was asked for", cacheKey: key });
      }
      const { ttlMs } = intent.config;
      return {
        node,
        mapIndex,
        kind: "ask",
        key,
        ttlMs: ttlMs === "default" ? this.#context.defaultTtlMs : ttlMs,
      };
    } catch (error) {
      if (!(error instanceof MemodagError)) throw error;
      // What cannot be keyed exactly is not cached: there is no partial key.
      return decided({ cacheStatus: "uncacheable", cacheReason: `${error.code}: ${error.message}` });
    }
  }
}

function answered(instance: Evaluated, outcome: LookupOutcome | undefined, now: number): AnsweredInstance {
  const { node, mapIndex } = instance;
  const scheduled = (change: Partial<TaskInstance>): AnsweredInstance => ({
    node,
    mapIndex,
    change: { ...change, state: "scheduled" },
    xcoms: [],
    returned: NOTHING,
  });
  if (instance.kind === "decided") return scheduled(instance.change);
  const cacheKeyOf = { cacheKey: instance.key };
  switch (outcome?.kind) {
    case undefined:
      throw new Error("an instance asked the cache and nobody answered");
    case "timeout":
      return scheduled({ ...cacheKeyOf, cacheStatus: "lookup_timeout", cacheReason: null });
    case "failed":
      return scheduled({ ...cacheKeyOf, cacheStatus: "lookup_failure", cacheReason: outcome.message });
    case "answered": {
      const answer = outcome.answers.get(instance.key);
      if (answer?.kind === "hit") return hit(instance, instance.key, answer.hit, now);
      return scheduled({ ...cacheKeyOf, cacheStatus: "miss", cacheReason: answer?.reason ?? "no_entry" });
    }
  }
}

/** Start and end are now and the state is never `running`: no heartbeat check can mistake a hit. */
function hit(
  { node, mapIndex }: ReadyInstance,
  key: Digest,
  { record, xcoms }: CacheHit,
  now: number,
): AnsweredInstance {
  const { taskId } = node.task;
  return {
    node,
    mapIndex,
    change: {
      state: "success",
      cacheStatus: "hit",
      cacheReason: null,
      cacheKey: key,
      producer: record.producer,
      startedAt: now,
      endedAt: now,
      durationMs: 0,
      savedMs: record.durationMs,
    },
    xcoms: xcoms.map((xcom) => ({ taskId, mapIndex, ...xcom })),
    returned: xcoms.find((xcom) => xcom.key === RETURN_VALUE) ?? NOTHING,
  };
}
