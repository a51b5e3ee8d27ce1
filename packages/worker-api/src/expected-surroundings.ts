// The surroundings that keys are computed with here, of all cached tasks that a host may run: the host compares them with
// its own before it runs anything.

import {
  queueOf,
  type DagStore,
  type SerializedTask,
  type Surroundings,
  type WorkerScope,
} from "@memodag/core";
import type { ExpectedDag, ExpectedTask } from "./protocol/index.ts";

/** The Dags, and the machine that their keys are computed on. */
export interface KeySource {
  readonly dags: Pick<DagStore, "listDags" | "getDagVersion">;
  readonly surroundings: Pick<Surroundings, "of">;
}

/** Returns the Dags with tasks in the scope of a host, by team and id. */
export async function listExpected(
  { dags, surroundings }: KeySource,
  { queues, teams }: WorkerScope,
): Promise<ExpectedDag[]> {
  const expected: ExpectedDag[] = [];
  for (const { team, versionId } of await dags.listDags()) {
    if (teams !== null && !teams.includes(team)) continue;
    const { dag, file, dagId } = await dags.getDagVersion(versionId);
    const isInScope = (task: SerializedTask): boolean => queues === null || queues.includes(queueOf(task));
    const all = dag.tasks.filter(isInScope);
    if (all.length === 0) continue;
    const tasks: ExpectedTask[] = [];
    for (const task of dag.cache ? all.filter(({ cache }) => cache) : []) {
      const found = await surroundings.of(file, task);
      // One that is unknown here has no key, wherever it runs.
      if (found.kind === "known")
        tasks.push({ task, runtime: found.runtime, files: found.files?.digests ?? null });
    }
    const { installed = { sealed: [], named: [] }, packages } = dag;
    expected.push({ team, dagId, file, installed, packages, tasks });
  }
  return expected;
}
