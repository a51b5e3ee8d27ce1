// The Dags that a file serves, as in Airflow's TypeScript SDK, in place of exporting them.

import { MemodagError } from "@memodag/core";
import type { Dag } from "./dag.ts";
import { show } from "./dag-fault.ts";
import { findState } from "./dag-state.ts";

/**
 * Symbol under which this process keeps the Dags that were served. Registered, so that all copies of this
 * package share it.
 */
const SERVED: unique symbol = Symbol.for("memodag.served");

/**
 * The Dags of a file, for files of Airflow's TypeScript SDK. A Dag that is exported needs no `Bundle`. The
 * bundles of the config are another thing: folders of Dag files.
 *
 * @example
 * ```ts
 * await new Bundle(orders, returns).serve();
 * ```
 */
export class Bundle {
  readonly #dags = new Set<Dag>();

  constructor(...dags: readonly Dag[]) {
    this.register(...dags);
  }

  /**
   * Adds Dags.
   * @throws MemodagError `dag_file_invalid` for anything else
   */
  register(...dags: readonly Dag[]): void {
    for (const dag of dags) {
      if (!findState(dag)) {
        throw new MemodagError(
          "dag_file_invalid",
          `A Bundle was given ${show(dag)}: give it what "new Dag(…)" created`,
        );
      }
      this.#dags.add(dag);
    }
  }

  /** Makes the file's Dags known to memodag, as if they were exported. It starts nothing. */
  async serve(): Promise<void> {
    for (const dag of this.#dags) served().add(dag);
  }
}

/** Returns the Dags that were served since the last call. */
export function takeServed(): Dag[] {
  const dags = [...served()];
  served().clear();
  return dags;
}

function served(): Set<Dag> {
  const shared = globalThis as { [SERVED]?: Set<Dag> };
  return (shared[SERVED] ??= new Set());
}
