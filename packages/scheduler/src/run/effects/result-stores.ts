// Stores results in the cache once they are committed. How each store ended is written with a later pass.

import { messageOf, type CancelTimer, type Clock } from "@memodag/core";
import type { StoreOutcome } from "@memodag/result-cache";
import { findInputChange, type InputChanged } from "../../cache/input-change.ts";
import type { MadeKey } from "../../cache/made-key.ts";
import { putMode, statusAfterStore, storeFailed } from "../../cache/store-status.ts";
import type { RunContext } from "../../context/run-context.ts";
import { makeKey } from "../../cache/evaluate.ts";
import type { RunState, StoreJob } from "../state/run-state.ts";
import type { SingleFlight } from "./single-flight.ts";

/**
 * Milliseconds for which the end of a store waits for a pass that is made anyway, as long as attempts are
 * under way. When none are, a pass is asked for at once.
 */
const STATUS_REST_MS = 250;

/** Stores that are under way, and explanations that are asked for, of one run. */
export class ResultStores {
  readonly #context: RunContext;
  readonly #clock: Clock;
  readonly #state: RunState;
  readonly #keyLeases: SingleFlight;
  readonly #stores = new Set<Promise<void>>();
  #cancelRest: CancelTimer | undefined;

  constructor(context: RunContext, clock: Clock, state: RunState, keyLeases: SingleFlight) {
    this.#context = context;
    this.#clock = clock;
    this.#state = state;
    this.#keyLeases = keyLeases;
  }

  /** Results that are being stored at this moment. */
  get size(): number {
    return this.#stores.size;
  }

  /** Resolves when the stores that are under way have ended; each has its deadline. */
  async whenStored(): Promise<void> {
    await Promise.all(this.#stores);
  }

  /** A pass acts on all that has ended. */
  rest(): void {
    this.#cancelRest?.();
    this.#cancelRest = undefined;
  }

  /** Starts what is to be stored; call once it is committed, so that the attempt was ours. */
  start(): void {
    for (const job of this.#state.storeJobs.splice(0)) {
      const store = this.#store(job);
      this.#stores.add(store);
      void store.then(() => {
        this.#stores.delete(store);
        // A pass under way tells at its end.
        if (!this.#state.isPassing) this.tell();
      });
    }
  }

  /** Has misses explained; call once they are committed. */
  explain(): void {
    const { run, results, misses } = this.#state;
    this.#state.misses = [];
    const { team, dagId, runId, id: dagRunId } = run;
    for (const { node, mapIndex, made, verdict } of misses) {
      const instance = { team, dagId, runId, dagRunId, taskId: node.task.taskId, mapIndex };
      const components = () => made.recorded(results, this.#context.secrets);
      this.#context.decisionLog?.note({ ...instance, key: made.key, verdict, components });
    }
  }

  async #store(job: StoreJob): Promise<void> {
    const { node, mapIndex, row, error } = job;
    let status;
    try {
      status = statusAfterStore(row, error, await this.#put(job));
    } catch (fault) {
      // The key could not be made again: without it there is nothing to store under.
      status = { cacheStatus: "put_failure" as const, cacheReason: storeFailed(messageOf(fault)) };
    }
    this.#state.keys.delete(node, mapIndex);
    this.#state.inbox.leave({ kind: "stored", node, mapIndex, ...status });
    this.#keyLeases.release({ node, mapIndex });
  }

  /** A pass that is made anyway takes statuses along; one is asked for where none is to be expected. */
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
    const { node, mapIndex, row, config, xcoms, code, error } = job;
    const { surroundings, secrets, defaultTtlMs, cache } = this.#context;
    const { run, version, results } = this.#state;
    const { installed = { sealed: [], named: [] } } = version.dag;
    const { packages, spawnedAt } = code;
    const reason = await surroundings.findPackageChange(version.file, installed, packages, spawnedAt);
    if (reason !== null) return { kind: "input_changed", reason };
    // Looked at anew: what the task read is in the key only if it is what it was when the key was made.
    const now = await surroundings.of(version.file, node.task);
    if (now.kind === "unknown") return { kind: "input_changed", reason: now.reason };
    const made = this.#state.keys.get(node, mapIndex) ?? (await this.#makeAnew(job, now));
    if (made.key !== row.cacheKey) return inputChanged("what the key was made of");
    const change = findInputChange(made.surroundings, now);
    if (change !== null) return inputChanged(change);
    const ttlMs = error ? config.errorsTtlMs : config.ttlMs;
    const record = {
      team: run.team,
      key: made.key,
      dagId: run.dagId,
      taskId: node.task.taskId,
      sourceHash: node.task.sourceHash,
      components: await made.recorded(results, secrets),
      error,
      producer: { runId: run.runId, mapIndex, tryNumber: row.tryNumber },
      durationMs: row.durationMs ?? 0,
      ttlMs: ttlMs === "default" ? defaultTtlMs() : ttlMs,
    };
    return await cache.store({ record, xcoms }, putMode(row, error));
  }

  /** Of an attempt that began before the run was loaded here. */
  async #makeAnew(
    { node, mapIndex, config }: StoreJob,
    surroundings: Parameters<typeof makeKey>[2],
  ): Promise<MadeKey> {
    const { run, version, work, results } = this.#state;
    const order = { node, mapIndex, run, dag: version.dag, args: work.argsOf(node, mapIndex) };
    return await makeKey({ ...order, env: this.#context.env }, config, surroundings, results);
  }
}

function inputChanged(what: string): InputChanged {
  return { kind: "input_changed", reason: { code: "input_changed", detail: { what } } };
}
