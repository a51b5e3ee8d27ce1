// Lists the pools of the config with what tasks take of them.

import type { OperationContext } from "../context.ts";

/** Whose tasks are named. */
export interface ListPoolsInput {
  readonly team?: string | undefined;
}

/** The slots that the tasks of one Dag take. */
export interface PoolUseReport {
  readonly team: string;
  readonly dagId: string;
  /** Slots. */
  readonly taken: number;
}

/** A pool, as it is shown. */
export interface PoolReport {
  readonly name: string;
  readonly slots: number;
  /** Slots that tasks which are queued or running take, of all teams: more than there are after the pool was made smaller. */
  readonly taken: number;
  /** Of one team, or of all. */
  readonly byDag: readonly PoolUseReport[];
}

/** Lists pools by name. */
export async function listPools(
  { stores, settings }: OperationContext,
  { team: asked }: ListPoolsInput,
): Promise<PoolReport[]> {
  const uses = await stores.views.listPoolUse();
  return [...settings.poolSlots()]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, slots]) => {
      const own = uses.filter(({ pool }) => pool === name);
      return {
        name,
        slots,
        taken: own.reduce((sum, use) => sum + use.slots, 0),
        byDag: own
          .filter(({ team }) => asked === undefined || team === asked)
          .map(({ team, dagId, slots: taken }) => ({ team, dagId, taken })),
      };
    });
}
