// Runs of random Dags, a few at a time: as many as a fleet makes progress with while much of it is away.

import type { DagVersion } from "@memodag/core";
import type { Metastore } from "@memodag/metastore";
import type { DagPlan } from "../dag-plan.ts";
import { countOpenRuns, triggerRunOf, type PredictedRun } from "../predicted-runs.ts";
import { Random } from "../random.ts";

/** Runs at a time, those that tasks make included. */
const MOST_OPEN = 8;

/** Runs that are made as others end. */
export class RollingRuns {
  readonly made: PredictedRun[] = [];
  readonly #metastore: Metastore;
  readonly #dags: { readonly plans: readonly DagPlan[]; readonly versions: readonly DagVersion[] };
  readonly #count: number;
  readonly #seed: number;

  constructor(
    metastore: Metastore,
    dags: { readonly plans: readonly DagPlan[]; readonly versions: readonly DagVersion[] },
    { seed, runs }: { readonly seed: number; readonly runs: number },
  ) {
    this.#metastore = metastore;
    this.#dags = dags;
    this.#count = runs;
    this.#seed = seed;
  }

  /** Makes the next ones, if there is room. Returns whether there are any that have not ended. */
  async goOn(): Promise<boolean> {
    try {
      let open = await countOpenRuns(this.#metastore);
      for (; open < MOST_OPEN && this.made.length < this.#count; open += 1)
        this.made.push(await this.#make(this.made.length));
      return open > 0;
    } catch {
      // The database is away.
      return true;
    }
  }

  async #make(index: number): Promise<PredictedRun> {
    return await triggerRunOf(this.#metastore, this.#dags, index, new Random(this.#seed + index));
  }
}
