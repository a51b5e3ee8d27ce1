// Hands misses over to be explained, once the pass that made them is written. Hits cost nothing here.

import {
  reasonSentence,
  type CacheStatus,
  type DagRun,
  type ReasonCode,
  type SerializedCacheConfig,
} from "@memodag/core";
import {
  cacheKey,
  type LookupVerdict,
  type MissReason,
  type RecordedComponents,
} from "@memodag/result-cache";
import type { AnsweredInstance } from "./cache-answer.ts";
import type { CacheStep } from "./cache-step.ts";
import type { ReadyInstance } from "./ready-instance.ts";
import type { RunContext } from "./run-context.ts";

interface Miss extends ReadyInstance {
  readonly key: string;
  readonly verdict: LookupVerdict;
  readonly config: SerializedCacheConfig;
}

/** Misses of one run since its last pass was written. */
export class MissNotes {
  readonly #context: RunContext;
  readonly #cacheStep: CacheStep;
  #misses: Miss[] = [];

  constructor(context: RunContext, cacheStep: CacheStep) {
    this.#context = context;
    this.#cacheStep = cacheStep;
  }

  /** Takes an instance that is to run; one that has no key explains itself. */
  add({ node, mapIndex, change }: AnsweredInstance): void {
    const { cacheKey: key, cacheStatus, cacheReason } = change;
    const config = node.task.cache;
    const verdict = cacheStatus ? verdictOf(cacheStatus, cacheReason?.code) : undefined;
    if (key && verdict && config) this.#misses.push({ node, mapIndex, key, verdict, config });
  }

  /** The pass is written: from now on they are so. */
  release(run: DagRun): void {
    const misses = this.#misses;
    this.#misses = [];
    const { team, dagId, runId, id: dagRunId } = run;
    for (const { node, mapIndex, key, verdict, config } of misses) {
      const { taskId } = node.task;
      const components = () => this.#componentsOf(run, { node, mapIndex }, config, key);
      const instance = { team, dagId, runId, dagRunId, taskId, mapIndex };
      this.#context.decisionLog?.note({ ...instance, key, verdict, components });
    }
  }

  /** Made anew: keeping those of each miss would fill the memory of a run with many. */
  async #componentsOf(
    run: DagRun,
    instance: ReadyInstance,
    config: SerializedCacheConfig,
    key: string,
  ): Promise<RecordedComponents> {
    const surroundings = await this.#cacheStep.surroundingsOfKey(key, instance.node);
    if (surroundings.kind === "unknown") throw new Error(reasonSentence(surroundings.reason));
    const components = await this.#cacheStep.componentsOf(run, instance, config, surroundings);
    if (cacheKey(components) !== key) throw new Error("the key's components changed since");
    return await this.#cacheStep.recordedComponentsOf(run, instance, config, components, surroundings);
  }
}

function verdictOf(status: CacheStatus, reason: ReasonCode | undefined): LookupVerdict | undefined {
  switch (status) {
    case "miss":
      return MISS_REASONS.find((known) => known === reason) ?? "no_entry";
    case "skipped":
      return "refresh";
    case "lookup_timeout":
    case "lookup_failure":
      return status;
    default:
      return undefined;
  }
}

const MISS_REASONS: readonly MissReason[] = ["expired", "from_future", "result_missing", "integrity_failed"];
