// Knows which ended runs tasks of runs in progress may still wait for.

import type { DagStore, EndedRun, RunRetention } from "@memodag/core";

/** A Dag that tasks wait for, and the creation of the oldest run that has such a task. */
interface AwaitedDag {
  readonly team: string;
  readonly dagId: string;
  readonly since: number;
}

/**
 * A run in progress may wait for a run of another Dag by its id or its date, which no one knows before the task
 * begins. So a run stays while one in progress could have counted on it: one that waits for its Dag, and was created
 * before the run became old.
 */
export class WaitingRuns {
  readonly #awaited: readonly AwaitedDag[];

  private constructor(awaited: readonly AwaitedDag[]) {
    this.#awaited = awaited;
  }

  static async read(retention: RunRetention, dags: Pick<DagStore, "getDagVersion">): Promise<WaitingRuns> {
    const awaited: AwaitedDag[] = [];
    for (const { team, dagVersionId, since } of await retention.listVersionsInProgress()) {
      const version = await dags.getDagVersion(dagVersionId).catch((error: unknown) => {
        // Runs of a damaged version are loaded by no scheduler.
        if (error instanceof SyntaxError) return undefined;
        throw error;
      });
      for (const { runStep } of version?.dag.tasks ?? [])
        if (runStep?.kind === "wait") awaited.push({ team, dagId: runStep.dagId, since });
    }
    return new WaitingRuns(awaited);
  }

  mayNeed({ team, dagId, oldSince }: EndedRun): boolean {
    return this.#awaited.some((dag) => dag.team === team && dag.dagId === dagId && dag.since <= oldSince);
  }
}
