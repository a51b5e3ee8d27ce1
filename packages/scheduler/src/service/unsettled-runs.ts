// Settles the transactions of runs that ended otherwise than in a pass of their holder, now and from time to time.

import { messageOf, type CancelTimer, type Clock, type Logger, type RunStore } from "@memodag/core";

/** Runs that are looked at in one round. */
const MOST_AT_ONCE = 100;

/** Milliseconds between two rounds. */
const REST_MS = 30_000;

export interface UnsettledRunsParts {
  readonly runs: Pick<RunStore, "listUnsettledRuns">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Only runs of this Dag. */
  readonly dag: { readonly team: string; readonly dagId: string } | undefined;
  readonly settle: (runId: number) => Promise<void>;
}

/** Looks for runs with transactions that are not settled. */
export class UnsettledRuns {
  readonly #parts: UnsettledRunsParts;
  #cancelRound: CancelTimer = () => undefined;
  #round: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(parts: UnsettledRunsParts) {
    this.#parts = parts;
  }

  /** Looks now, after the round in progress; resolves when that is done. Never rejects. */
  async wake(): Promise<void> {
    this.#round = this.#round.then(() => this.#look());
    await this.#round;
  }

  /** Resolves when the round in progress has ended; none begins any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRound();
    await this.#round;
  }

  async #look(): Promise<void> {
    if (this.#isClosed) return;
    this.#cancelRound();
    const { runs, clock, log, dag, settle } = this.#parts;
    try {
      for (const runId of await runs.listUnsettledRuns(MOST_AT_ONCE, dag)) {
        if (this.#isClosed) return;
        try {
          await settle(runId);
        } catch (error) {
          log.error("the transactions of a run could not be settled; retrying later", {
            run: runId,
            error: messageOf(error),
          });
        }
      }
    } catch (error) {
      log.error("could not look for transactions to settle", { error: messageOf(error) });
    }
    if (!this.#isClosed) this.#cancelRound = clock.after(REST_MS, () => void this.wake());
  }
}
