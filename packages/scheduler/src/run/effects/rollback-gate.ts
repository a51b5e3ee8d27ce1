// Holds instances back until the rollback callbacks of their transaction have ended: they would undo what the instances do.

import type { Clock, TaskInstance } from "@memodag/core";
import type { RunContext } from "../../context/run-context.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";
import type { RunState } from "../state/run-state.ts";

/** Milliseconds between two looks for callbacks that have not ended. */
const POLL_MS = 250;

/** The instances of one run that wait for a rollback. */
export class RollbackGate {
  readonly #context: RunContext;
  readonly #clock: Clock;
  readonly #state: RunState;
  readonly #held: ReadyInstance[] = [];
  #isLooking = false;

  /** @param clock its timers end with the execution */
  constructor(context: RunContext, clock: Clock, state: RunState) {
    this.#context = context;
    this.#clock = clock;
    this.#state = state;
  }

  /** Holds a ready instance until {@link release}; false if it need not wait. */
  tryHold({ node, mapIndex }: ReadyInstance): boolean {
    const { units, transactions, table } = this.#state;
    const unit = units.of(node);
    if (!unit || !transactions.rollingBack.has(unit.id)) return false;
    const cacheReason = { code: "waiting_for_rollback", detail: { transaction: unit.id } } as const;
    table.change(node, mapIndex, { state: "scheduled", cacheReason });
    this.#held.push({ node, mapIndex });
    this.#lookLater();
    return true;
  }

  /** Returns the instances whose rollback has ended; each once. */
  release(): ReadyInstance[] {
    const { units, transactions, table } = this.#state;
    const released: ReadyInstance[] = [];
    for (const { node, mapIndex } of this.#held.splice(0)) {
      const unit = units.of(node);
      if (unit && transactions.rollingBack.has(unit.id)) {
        this.#held.push({ node, mapIndex });
        continue;
      }
      const row = table.find(node, mapIndex);
      if (row?.state !== "scheduled") continue;
      table.change(node, mapIndex, reasonBefore(row.cacheStatus));
      released.push({ node, mapIndex });
    }
    return released;
  }

  #lookLater(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#clock.after(POLL_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { run, transactions, inbox } = this.#state;
    try {
      const { rollingBack } = await this.#context.runs.findTransactions(run.id);
      transactions.rollingBack.clear();
      for (const id of rollingBack) transactions.rollingBack.add(id);
    } catch {
      // The database is away, which the next pass says.
    }
    this.#isLooking = false;
    if (transactions.rollingBack.size > 0) this.#lookLater();
    inbox.wake();
  }
}

/** The reason of a row before it was held back: a clear is why it has that status before it is asked about. */
export function reasonBefore(cacheStatus: string | null): Pick<TaskInstance, "state" | "cacheReason"> {
  const cacheReason = cacheStatus === "skipped" ? ({ code: "cleared" } as const) : null;
  return { state: "none", cacheReason };
}
