// Stores results in the cache once they are committed. The status of each store is written with a later pass.

import { messageOf, type CancelTimer, type Clock } from "@memodag/core";
import type { StoreOutcome } from "@memodag/result-cache";
import type { InputChanged } from "../../cache/input-change.ts";
import { isRecheck, putMode, statusAfterStore, storeFailed } from "../../cache/store-status.ts";
import { validForMs } from "../../cache/result-validity.ts";
import type { RunContext } from "../../context/run-context.ts";
import type { RunState, StoreJob } from "../state/run-state.ts";
import type { Destinations } from "./carry-out.ts";
import type { HeldLocks } from "./held-locks.ts";
import type { KeyQuestions } from "./key-questions.ts";
import { prepareRecord, recordedEntries } from "./prepare-record.ts";

/**
 * Milliseconds for which the status of a store waits for a pass that happens anyway, as long as attempts are
 * in progress. If none are, a pass is requested immediately.
 */
const STATUS_REST_MS = 250;

/** The stores and requested explanations of one run that are in progress. */
export class ResultStores {
  readonly #context: RunContext;
  readonly #clock: Clock;
  readonly #state: RunState;
  readonly #locks: HeldLocks;
  readonly #keyQuestions: Pick<KeyQuestions, "askAgain">;
  readonly #stores = new Set<Promise<void>>();
  #cancelRest: CancelTimer | undefined;

  constructor(
    context: RunContext,
    clock: Clock,
    state: RunState,
    { locks, keyQuestions }: Pick<Destinations, "locks" | "keyQuestions">,
  ) {
    this.#context = context;
    this.#clock = clock;
    this.#state = state;
    this.#locks = locks;
    this.#keyQuestions = keyQuestions;
  }

  /** The number of stores in progress. */
  get size(): number {
    return this.#stores.size;
  }

  /** Resolves when the stores in progress have ended; each has a deadline. */
  async whenStored(): Promise<void> {
    await Promise.all(this.#stores);
  }

  /** Statuses wait for a later pass; a pass in progress has acted on all that have ended. */
  rest(): void {
    this.#cancelRest?.();
    this.#cancelRest = undefined;
  }

  /**
   * Starts the requested stores; call once the pass is committed, which proves that the attempts were ours.
   */
  start(): void {
    for (const job of this.#state.storeJobs.splice(0)) {
      const store = this.#store(job);
      this.#stores.add(store);
      void store.then(() => {
        this.#stores.delete(store);
        // A pass in progress reports at its end.
        if (!this.#state.isPassing) this.tell();
      });
    }
  }

  /** Requests explanations of misses; call once they are committed. */
  explain(): void {
    const { run, results, misses } = this.#state;
    this.#state.misses = [];
    const { team, dagId, runId, id: dagRunId } = run;
    for (const { taskId, mapIndex, storage, made, verdict } of misses) {
      const instance = { team, dagId, runId, dagRunId, taskId, mapIndex };
      const components = () => made.recorded(results, this.#context.secrets);
      this.#context.decisionLog?.note({ ...instance, storage, key: made.key, verdict, components });
    }
  }

  async #store(job: StoreJob): Promise<void> {
    const { node, mapIndex, row, error } = job;
    let status;
    try {
      status = statusAfterStore(row, error, await this.#put(job));
    } catch (fault) {
      // The key could not be made again, and without a key nothing can be stored.
      status = { cacheStatus: "put_failure" as const, cacheReason: storeFailed(messageOf(fault)) };
    }
    this.#state.keys.delete(node, mapIndex);
    this.#state.inbox.leave({ kind: "stored", node, mapIndex, ...status });
    this.#locks.release({ node, mapIndex });
  }

  /** Lets the next pass write the statuses; requests one when none is expected. */
  tell(): void {
    const { underWay, inbox } = this.#state;
    if (inbox.events.length === 0) return;
    if (underWay.size === 0) inbox.wake();
    else this.#cancelRest ??= this.#clock.after(STATUS_REST_MS, () => this.#wake());
  }

  #wake(): void {
    this.#cancelRest = undefined;
    this.#state.inbox.wake();
  }

  async #put(job: StoreJob): Promise<StoreOutcome | InputChanged> {
    const { row, config, xcoms, code, error, saved } = job;
    const { run, version } = this.#state;
    const prepared = await prepareRecord(this.#context, this.#state, this.#keyQuestions, job);
    if (prepared.kind === "input_changed") return prepared;
    const { timezone } = version.dag;
    const expiries = { expires: config.expires, timezone, expiresAt: code.expiresAt };
    const validMs = error ? undefined : validForMs(expiries, this.#clock.now());
    if (validMs !== undefined && validMs <= 0)
      return { kind: "input_changed", reason: { code: "already_expired" } };
    const record = {
      ...prepared.record,
      ...(validMs !== undefined && { validForMs: validMs }),
      ...recordedEntries(this.#context, saved),
    };
    const fence = await this.#locks.fenceOf(job);
    if (fence === null) return { kind: "lease_lost" };
    const entry = { record, xcoms, worker: row.worker, ...(fence && { fence }) };
    const cache = this.#context.caches.of(run.team, config);
    const outcome = await cache.store(entry, putMode(row, error));
    if (outcome.kind === "differs" && isRecheck(row)) {
      // Neither is known to be right: the next instance with this key runs.
      await cache.forget(run.team, [record.key], "rechecked");
      const { dagId, taskId, key } = record;
      const fields = { dagId, runId: run.runId, taskId, key, storedDigest: outcome.storedDigest };
      this.#context.log.warn(
        "a recheck returned other bytes than the entry of its key, which was removed",
        fields,
      );
    }
    return outcome;
  }
}
