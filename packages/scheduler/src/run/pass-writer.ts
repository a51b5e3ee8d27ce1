// Writes what passes decided about one run: in one transaction, guarded, and again after a fault.

import type {
  ActiveLimits,
  CallbackEvent,
  ClaimedRun,
  DagRun,
  NewCallback,
  TaskInstance,
  XComWrite,
} from "@memodag/core";
import { newCallback } from "../callbacks/new-callback.ts";
import type { DagNode } from "../graph/dag-graph.ts";
import { CacheTally } from "./cache-tally.ts";
import type { InstanceTable } from "./instance-table.ts";
import type { RunContext } from "./run-context.ts";

/** An XCom on its way to the database. */
export interface PendingXCom extends XComWrite {
  readonly bytes: Uint8Array;
  /** A hit's: the cache holds its bytes. */
  readonly isCached: boolean;
}

/** `reload`: rows were changed by other hands; the run must be claimed again. */
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
        run: {
          leaves: this.#storedState,
          state: run.state,
          startedAt: run.startedAt,
          endedAt: run.endedAt,
          processesSpawned: run.processesSpawned,
          lookups: run.lookups,
        },
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
}
