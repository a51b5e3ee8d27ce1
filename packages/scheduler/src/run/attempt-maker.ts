// Makes the attempt at an instance from its row, or the end of one that cannot be made.

import {
  MemodagError,
  type Attempt,
  type DagRun,
  type DagVersion,
  type ExecutorEvent,
  type SerializedTask,
} from "@memodag/core";
import { buildAttempt } from "./attempt-builder.ts";
import type { AttemptResults } from "./attempt-results.ts";
import type { ArgsOf } from "./cache-step.ts";
import type { InstanceTable } from "./instance-table.ts";
import type { ReadyInstance } from "./ready-instance.ts";
import type { RunContext } from "./run-context.ts";
import type { RunResults } from "./run-results.ts";

/** What an {@link AttemptMaker} works with. */
export interface AttemptMakerParts {
  readonly context: RunContext;
  readonly version: DagVersion;
  readonly table: InstanceTable;
  readonly results: RunResults;
  readonly attemptResults: AttemptResults;
  readonly argsOf: ArgsOf;
}

/** Makes the attempts of one run. */
export class AttemptMaker {
  readonly #parts: AttemptMakerParts;

  constructor(parts: AttemptMakerParts) {
    this.#parts = parts;
  }

  /** The attempt, or its end: what is wrong with it then is the user's to mend. */
  async make(
    run: DagRun,
    { node, mapIndex }: ReadyInstance,
    attemptId: string,
  ): Promise<Attempt | ExecutorEvent> {
    const { context, version, table, results, attemptResults, argsOf } = this.#parts;
    const instance = table.get(node, mapIndex);
    const config = attemptResults.willStore(instance) ? node.task.cache : null;
    const parts = {
      run,
      version,
      node,
      instance,
      attemptId,
      args: argsOf(node, mapIndex),
      declaredContext: config?.includeInputs ?? null,
      declaredEnv: config?.env ?? null,
      declaredFiles: config?.files,
      trust: config?.trust,
      runtime: config && !node.task.command ? context.surroundings.runtime : undefined,
      now: context.clock.now(),
    };
    try {
      requirePool(context.limits.poolSlots, node.task);
      return await buildAttempt(parts, results);
    } catch (error) {
      if (!(error instanceof MemodagError)) throw error;
      const failure = { code: error.code, message: error.message };
      const outcome = { kind: "failed" as const, error: failure, durationMs: 0, retryable: false };
      return { kind: "finished", attemptId, outcome };
    }
  }
}

function requirePool(poolSlots: ReadonlyMap<string, number>, { taskId, pool }: SerializedTask): void {
  if (poolSlots.has(pool)) return;
  throw new MemodagError(
    "pool_not_found",
    `Task "${taskId}" is of the pool "${pool}", which this scheduler's config does not have: ` +
      `add [[pools]] with name = "${pool}", or name one of ${[...poolSlots.keys()].join(", ")}`,
    { fields: { taskId, pool } },
  );
}
