// Writes what passes decided about one run: in one guarded transaction, repeated after a failure.

import {
  MemodagError,
  instanceKey,
  type ActiveLimits,
  type CacheStorage,
  type DagRun,
  type EntryWrites,
  type NewCallback,
  type SavedEntry,
  type TaskInstance,
  type TaskInstanceWrite,
  type UnstorableInstance,
} from "@memodag/core";
import { newCallback } from "../../callbacks/new-callback.ts";
import { CacheTally } from "../../cache/cache-tally.ts";
import type { PendingXCom, RunState } from "../state/run-state.ts";
import type { RunContext } from "../../context/run-context.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { setAside } from "../../attempts/unstorable-instance.ts";

/** `reload`: the rows differ from what this process knows; the run must be claimed again. */
export type WriteResult = "written" | "lease_lost" | "reload";

/** Tracks what the database holds of a run besides its instances' rows. */
export class PassWriter {
  readonly #context: RunContext;
  readonly #state: RunState;
  readonly #limits: ActiveLimits;
  /** By task. */
  readonly #storages: ReadonlyMap<string, CacheStorage | null>;
  #storedState: DagRun["state"];

  constructor(context: RunContext, state: RunState) {
    this.#limits = { maxActiveTasks: state.version.dag.maxActiveTasks, poolSlots: context.limits.poolSlots };
    this.#storages = new Map(state.version.dag.tasks.map(({ taskId, cache }) => [taskId, cache]));
    this.#context = context;
    this.#state = state;
    this.#storedState = state.run.state;
  }

  /**
   * Writes the run, every changed row and every new XCom; nothing when nothing changed. When more instances
   * would be in progress than limits allow, the dispatcher has to choose fewer.
   */
  async write(dispatcher: Pick<Dispatcher, "retreat">): Promise<WriteResult> {
    const { run, table, xcoms } = this.#state;
    const isRunChanged = run.state !== this.#storedState;
    const transactions = this.#state.transactions.pending();
    const isUnchanged = !table.isDirty && xcoms.length === 0 && !transactions.writes;
    if (isUnchanged && !isRunChanged) return "written";
    let pending = table.pendingWrites();
    const xcomCount = xcoms.length;
    const { callbacks } = this.#context;
    const owed = [...this.#state.owed];
    const { publish, restore } = this.#state.entries;
    const [publishCount, restoreCount] = [publish.length, restore.length];
    const refused = await this.#holdValues(({ isHeld }) => !isHeld);
    if (refused.length > 0) return await this.#setAside(pending.writes, refused);
    const send = async () =>
      await this.#context.runs.writePass({
        runId: run.id,
        owner: this.#context.owner,
        handCount: this.#state.handCount,
        run: { ...runColumns(run), leaves: this.#storedState },
        ...(run.endedAt !== null && { sums: table.sumUp() }),
        instances: pending.writes,
        removed: pending.removed,
        ...(pending.tries && { tries: pending.tries }),
        limits: this.#limits,
        ...(publish.length + restore.length > 0 && { entries: { publish, restore } }),
        ...(callbacks && owed.length > 0 && { callbacks: { owed, leaseMs: callbacks.leaseMs } }),
        ...(transactions.writes && { transactions: transactions.writes }),
        xcoms: xcoms.map((xcom) => ({
          taskId: xcom.taskId,
          mapIndex: xcom.mapIndex,
          key: xcom.key,
          digest: xcom.digest,
          sizeBytes: xcom.sizeBytes,
          store: xcom.store,
        })),
      });
    let outcome = await send();
    if (outcome.kind === "bytes_missing") {
      // They were removed between lookup and commit; this process still has them.
      const missing = new Set(outcome.digests);
      await this.#holdValues(({ store, digest }) => store === null && missing.has(digest));
      outcome = await send();
    }
    while (outcome.kind === "limit_reached") {
      dispatcher.retreat(outcome.free);
      pending = table.pendingWrites();
      outcome = await send();
    }
    if (outcome.kind === "not_storable") return await this.#setAside(pending.writes, outcome.instances);
    if (outcome.kind !== "written") {
      // An earlier attempt to write this pass may have succeeded without an answer.
      callbacks?.take(owed.map((callback) => ({ ...callback, run, begins: 0 })));
      return outcome.kind === "lease_lost" ? "lease_lost" : "reload";
    }
    const tally = new CacheTally();
    pending.confirm((instance, before) => {
      tally.add(instance, before?.cacheStatus ?? null);
      this.#context.listener.instanceChanged?.(run, instance, before?.state ?? null);
    });
    if (pending.tries) this.#context.listener.triesChanged?.(run, pending.tries);
    transactions.confirm();
    xcoms.splice(0, xcomCount);
    this.#tellSaved(publish.splice(0, publishCount), outcome.saved ?? []);
    restore.splice(0, restoreCount);
    if (owed.length > 0) {
      this.#state.owed.splice(0, owed.length);
      callbacks?.take(owed.map((callback) => ({ ...callback, run, begins: 0 })));
    }
    this.#storedState = run.state;
    if (isRunChanged) this.#context.listener.runChanged?.(run);
    tally.report(this.#context.caches, run, this.#storages);
    return "written";
  }

  /** Tells the stores of results what their attempts did to entries. */
  #tellSaved(published: EntryWrites["publish"], saved: readonly SavedEntry[]): void {
    if (saved.length === 0) return;
    const byAttempt = Map.groupBy(saved, ({ attemptId }) => attemptId);
    const byInstance = new Map(published.map((one) => [instanceKey(one), byAttempt.get(one.attemptId)]));
    for (const job of this.#state.storeJobs) {
      const own = byInstance.get(instanceKey(job.row));
      if (own) job.saved = own;
    }
    for (const instance of published) {
      const own = byAttempt.get(instance.attemptId);
      if (own) this.#state.transactions.tellSaved(instance, own);
    }
  }

  /** Writes values into the database; resolves to the instances whose values that refuses. */
  async #holdValues(which: (xcom: PendingXCom) => boolean): Promise<UnstorableInstance[]> {
    const { xcomValues } = this.#context;
    const { team } = this.#state.run;
    const chosen = this.#state.xcoms.filter(which);
    const hold = async (xcoms: readonly PendingXCom[]): Promise<string | undefined> => {
      try {
        await xcomValues.write(team, xcoms);
      } catch (error) {
        if (!(error instanceof MemodagError) || error.code !== "result_not_storable") throw error;
        return String(error.fields["reason"]);
      }
      for (const xcom of xcoms) xcom.isHeld = true;
      return undefined;
    };
    if ((await hold(chosen)) === undefined) return [];
    const refused: UnstorableInstance[] = [];
    for (const xcom of chosen) {
      const { taskId, mapIndex } = xcom;
      const reason = await hold([xcom]);
      if (reason !== undefined) refused.push({ taskId, mapIndex, reason });
    }
    return refused;
  }

  /**
   * Writes only the outcome of the instances that cannot be written as they are. Other decisions of the pass
   * may depend on them, and are made again from what the database holds.
   */
  async #setAside(
    writes: readonly TaskInstanceWrite[],
    refused: readonly UnstorableInstance[],
  ): Promise<WriteResult> {
    const { runs, owner, clock, log, callbacks } = this.#context;
    const { run } = this.#state;
    const instances = writes.flatMap((write) => {
      const { taskId, mapIndex } = write.instance;
      const found = refused.find((one) => one.taskId === taskId && one.mapIndex === mapIndex);
      return found ? [setAside(write, found, clock.now())] : [];
    });
    const owed = instances.flatMap(({ instance }) => this.#failureOf(instance) ?? []);
    const { dagId, runId } = run;
    for (const { taskId, mapIndex, reason } of refused)
      log.error("the database rejected the result of a task", { dagId, runId, taskId, mapIndex, reason });
    const outcome = await runs.writePass({
      runId: run.id,
      owner,
      handCount: this.#state.handCount,
      run: { ...runColumns(run), leaves: this.#storedState, state: "running", endedAt: null },
      instances,
      removed: [],
      xcoms: [],
      ...(callbacks && owed.length > 0 && { callbacks: { owed, leaseMs: callbacks.leaseMs } }),
    });
    if (outcome.kind === "not_storable") throw new Error(outcome.instances[0]?.reason);
    if (outcome.kind === "written" && owed.length > 0)
      callbacks?.take(owed.map((callback) => ({ ...callback, run, begins: 0 })));
    return outcome.kind === "lease_lost" ? "lease_lost" : "reload";
  }

  #failureOf(instance: TaskInstance): NewCallback | undefined {
    const { callbacks, newAttemptId } = this.#context;
    const node = this.#state.table.nodeOf(instance);
    if (!callbacks || !node || instance.state !== "failed") return undefined;
    return newCallback("failure", node.task, instance, newAttemptId);
  }
}

function runColumns({ state, startedAt, endedAt, processesSpawned, lookups, bytesMoved }: DagRun) {
  return { state, startedAt, endedAt, processesSpawned, lookups, bytesMoved };
}
