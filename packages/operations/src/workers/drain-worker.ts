// Has workers take nothing more.

import { MemodagError } from "@memodag/core";
import { audited, newAct } from "../act.ts";
import type { OperationContext } from "../context.ts";

/** Selects workers. */
export interface DrainInput {
  /** Name or id. */
  readonly worker: string;
}

/** How many workers were told. */
export interface DrainedWorkers {
  readonly worker: string;
  readonly drained: number;
}

/**
 * Has the workers of a name or id take nothing more, and end when what they run has ended.
 * @throws MemodagError `worker_not_found`
 */
export async function drainWorker(
  { stores, actor }: OperationContext,
  { worker }: DrainInput,
): Promise<DrainedWorkers> {
  const act = newAct(actor, "workers.drain", null, { worker });
  const drain = async (): Promise<number> => {
    const count = await stores.workerHosts.drain(worker);
    if (count > 0) return count;
    throw new MemodagError(
      "worker_not_found",
      `There is no worker "${worker}": \`memodag workers ls\` lists them`,
      { fields: { worker } },
    );
  };
  return { worker, drained: await audited(stores.audit, act, drain, (count) => count) };
}
