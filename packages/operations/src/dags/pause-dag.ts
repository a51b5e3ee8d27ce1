// Pauses and resumes the schedule of a Dag.

import { newAct } from "../act.ts";
import type { OperationContext } from "../context.ts";
import { getDag, type DagName } from "./find-dag.ts";

/** A Dag, and whether its schedule is paused. */
export interface PauseDagInput extends DagName {
  readonly isPaused: boolean;
}

/** The new state of the Dag. */
export interface PausedDag {
  readonly dagId: string;
  readonly team: string;
  readonly isPaused: boolean;
}

/**
 * Pauses or resumes a Dag.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`.
 */
export async function pauseDag(
  { stores, actor }: OperationContext,
  { isPaused, ...name }: PauseDagInput,
): Promise<PausedDag> {
  const { dags } = stores;
  const { dagId, team } = await getDag(dags, name);
  const action = isPaused ? "dags.pause" : "dags.unpause";
  await dags.setPaused(team, dagId, isPaused, newAct(actor, action, team, { dagId }));
  return { dagId, team, isPaused };
}
