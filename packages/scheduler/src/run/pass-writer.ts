// Writes what passes decided about one run: in one transaction, guarded, and again after a fault.

import type {
  ActiveLimits,
  CallbackEvent,
  ClaimedRun,
  DagRun,
  NewCallback,
  TaskInstance,
  TaskInstanceWrite,
  UnstorableInstance,
  XComWrite,
} from "@memodag/core";
import { newCallback } from "../callbacks/new-callback.ts";
import type { DagNode } from "../graph/dag-graph.ts";
import { CacheTally } from "./cache-tally.ts";
import type { InstanceTable } from "./instance-table.ts";
import type { RunContext } from "./run-context.ts";
import { setAside } from "./unstorable-instance.ts";

/** An XCom on its way to the database. */
export interface PendingXCom extends XComWrite {
  readonly bytes: Uint8Array;
  /** A hit's: the cache holds its bytes. */
  readonly isCached: boolean;
}

/** `reload`: the rows are no longer as this process knows them; the run must be claimed again. */
export type WriteResult = "written" | "lease_lost" | "reload";

/** Knows what the database has of a run, beside the instances' rows. */
export class PassWriter {
  readonly #context: RunContext;
  readonly #table: InstanceTable;
  readonly #limits: ActiveLimits;
  readonly #handCount: number;
  #storedState: DagRun["state"];
  #xcoms: PendingXCom[] = [];
  #owed: NewCallback[] = [];

  constructor(
    context: RunContext,
    table: InstanceTable,
    { run, handCount }: ClaimedRun,
    maxActiveTasks: number,
  ) {
    this.#limits = { maxActiveTasks, poolSlots: context.limits.poolSlots };
    this.#context = context;
    this.#table = table;
    this.#storedState = run.state;
    this.#handCount = handCount;
  }

  /** Has the author told of what came of an instance, once that is written; most tasks have no callback. */
  owe(event: CallbackEvent, { task }: DagNode, row: TaskInstance): void {
    const { callbacks, newAttemptId } = this.#context;
    const owed = callbacks && newCallback(event, task, row, newAttemptId);
    if (owed) this.#owed.push(owed);
  }

  addXComs(xcoms: readonly PendingXCom[]): void {
    for (const xcom of xcoms) this.#xcoms.push(xcom);
  }

  /**
   * Writes the run as it stands, every changed row and every new XCom; nothing when nothing changed. When
   * more would be under way than limits allow, `retreat` has to choose less.
   */
  async write(run: DagRun, retreat: (free: ActiveLimits) => void): Promise<WriteResult> {
    const isRunChanged = run.state !== this.#storedState;
    if (!this.#table.isDirty && this.#xcoms.length === 0 && !isRunChanged) return "written";
    let pending = this.#table.pendingWrites();
    const xcomCount = this.#xcoms.length;
    const { callbacks } = this.#context;
    const owed = [...this.#owed];
    const send = async (sendCachedBytes: boolean) =>
      await this.#context.runs.writePass({
        runId: run.id,
        owner: this.#context.owner,
        handCount: this.#handCount,
        run: { ...runColumns(run), leaves: this.#storedState },
        instances: pending.writes,
        removed: pending.removed,
        limits: this.#limits,
        ...(callbacks && owed.length > 0 && { callbacks: { owed, leaseMs: callbacks.leaseMs } }),
        xcoms: this.#xcoms.map((xcom) => ({
          taskId: xcom.taskId,
          mapIndex: xcom.mapIndex,
          key: xcom.key,
          digest: xcom.digest,
          sizeBytes: xcom.sizeBytes,
          bytes: xcom.isCached && !sendCachedBytes ? null : xcom.bytes,
        })),
      });
    let outcome = await send(!this.#context.resultsInMetastore);
    // The bytes of a hit went between lookup and commit; they are still in hand.
    if (outcome.kind === "bytes_missing") outcome = await send(true);
    while (outcome.kind === "limit_reached") {
      retreat(outcome.free);
      pending = this.#table.pendingWrites();
      outcome = await send(true);
    }
    if (outcome.kind === "not_storable") return await this.#setAside(run, pending.writes, outcome.instances);
    if (outcome.kind === "lease_lost") return "lease_lost";
    if (outcome.kind !== "written") return "reload";
    const tally = new CacheTally();
    pending.confirm((instance, cacheStatusBefore) => {
      tally.add(instance, cacheStatusBefore);
      this.#context.listener.instanceChanged?.(run, instance);
    });
    this.#xcoms.splice(0, xcomCount);
    if (owed.length > 0) {
      this.#owed.splice(0, owed.length);
      callbacks?.take(owed.map((callback) => ({ ...callback, run, begins: 0 })));
    }
    this.#storedState = run.state;
    if (isRunChanged) this.#context.listener.runChanged?.(run);
    tally.report(this.#context.cache, run);
    return "written";
  }

  /**
   * Writes nothing but what becomes of the instances that cannot be written as they are. What else the pass
   * decided may rest on them, and is decided anew from what the database holds.
   */
  async #setAside(
    run: DagRun,
    writes: readonly TaskInstanceWrite[],
    refused: readonly UnstorableInstance[],
  ): Promise<WriteResult> {
    const { runs, owner, clock, log, callbacks } = this.#context;
    const instances = writes.flatMap((write) => {
      const { taskId, mapIndex } = write.instance;
      const found = refused.find((one) => one.taskId === taskId && one.mapIndex === mapIndex);
      return found ? [setAside(write, found, clock.now())] : [];
    });
    const owed = instances.flatMap(({ instance }) => this.#failureOf(instance) ?? []);
    const { dagId, runId } = run;
    for (const { taskId, mapIndex, reason } of refused)
      log.error("the database does not take what came of a task", { dagId, runId, taskId, mapIndex, reason });
    const outcome = await runs.writePass({
      runId: run.id,
      owner,
      handCount: this.#handCount,
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
    const node = this.#table.nodeOf(instance);
    if (!callbacks || !node || instance.state !== "failed") return undefined;
    return newCallback("failure", node.task, instance, newAttemptId);
  }
}

function runColumns({ state, startedAt, endedAt, processesSpawned, lookups }: DagRun) {
  return { state, startedAt, endedAt, processesSpawned, lookups };
}
