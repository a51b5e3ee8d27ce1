// The task instances of one run in memory, and what of them the database does not know yet.

import { UNMAPPED, type TaskInstance, type TaskInstanceId, type TaskInstanceWrite } from "@memodag/core";
import type { DagNode } from "../graph/dag-graph.ts";

interface Entry {
  readonly node: DagNode;
  row: TaskInstance;
  /** What the database holds; `null`: no row. */
  stored: TaskInstanceWrite["leaves"];
}

/** A batch of changes on its way to the database. */
export interface PendingWrites {
  readonly writes: readonly TaskInstanceWrite[];
  /** Rows that go. */
  readonly removed: readonly TaskInstanceId[];
  /** Call when the database has them. */
  confirm(): void;
}

/** Rows by task and mapIndex. */
export class InstanceTable {
  readonly #entries: Map<number, Entry>[];
  #dirty = new Set<Entry>();
  #removed: TaskInstanceId[] = [];

  constructor(nodeCount: number) {
    this.#entries = Array.from({ length: nodeCount }, () => new Map<number, Entry>());
  }

  /** Takes a row that the database holds. */
  load(node: DagNode, row: TaskInstance): void {
    const stored = { state: row.state, tryNumber: row.tryNumber };
    this.#entries[node.index]?.set(row.mapIndex, { node, row, stored });
  }

  find(node: DagNode, mapIndex: number): TaskInstance | undefined {
    return this.#entries[node.index]?.get(mapIndex)?.row;
  }

  /** @throws Error when there is no such instance: a bug. */
  get(node: DagNode, mapIndex: number): TaskInstance {
    const row = this.find(node, mapIndex);
    if (!row) throw new Error(`task "${node.task.taskId}" has no instance ${mapIndex}`);
    return row;
  }

  /** The instances of a task by mapIndex, from 0; the one of an unmapped task. */
  listOf(node: DagNode): TaskInstance[] {
    const entries = this.#entries[node.index] ?? new Map<number, Entry>();
    return Array.from(entries.values(), (entry) => entry.row).toSorted((a, b) => a.mapIndex - b.mapIndex);
  }

  /** Every row of the run, by task and mapIndex. */
  all(): TaskInstance[] {
    return this.#entries.flatMap((entries) => Array.from(entries.values(), (entry) => entry.row));
  }

  /** Changes a row, or makes it. */
  change(node: DagNode, mapIndex: number, change: Partial<TaskInstance>): TaskInstance {
    const entries = this.#entries[node.index];
    let entry = entries?.get(mapIndex);
    if (entry) {
      entry.row = { ...entry.row, ...change };
    } else {
      entry = { node, row: Object.assign(newInstance(node, mapIndex), change), stored: null };
      entries?.set(mapIndex, entry);
    }
    this.#dirty.add(entry);
    return entry.row;
  }

  /** Takes away an instance that there is no longer, for the database too. */
  remove(node: DagNode, mapIndex: number): void {
    const entries = this.#entries[node.index];
    const entry = entries?.get(mapIndex);
    if (!entry) return;
    entries?.delete(mapIndex);
    this.#dirty.delete(entry);
    if (entry.stored) this.#removed.push({ taskId: node.task.taskId, mapIndex });
  }

  get isDirty(): boolean {
    return this.#dirty.size > 0 || this.#removed.length > 0;
  }

  /** What the database does not know yet. Until confirmed, the same changes are given again. */
  pendingWrites(): PendingWrites {
    const batch = Array.from(this.#dirty, (entry) => ({ entry, instance: entry.row }));
    const writes = batch.map(({ entry, instance }) => writeOf(entry, instance));
    const removed = [...this.#removed];
    const confirm = () => {
      this.#removed.splice(0, removed.length);
      for (const { entry, instance } of batch) {
        entry.stored = { state: instance.state, tryNumber: instance.tryNumber };
        // A row that changed again while the batch was on its way stays dirty.
        if (entry.row === instance) this.#dirty.delete(entry);
      }
    };
    return { writes, removed, confirm };
  }
}

function writeOf({ node, stored: leaves }: Entry, instance: TaskInstance): TaskInstanceWrite {
  if (instance.state !== "queued") return { instance, leaves };
  return { instance, leaves, takes: { pool: node.task.pool, slots: node.task.poolSlots } };
}

function newInstance(node: DagNode, mapIndex: number): TaskInstance {
  return {
    taskId: node.task.taskId,
    mapIndex: node.isMapped ? mapIndex : UNMAPPED,
    state: "none",
    tryNumber: 0,
    maxTries: node.task.retries + 1,
    attemptId: null,
    cacheStatus: null,
    cacheReason: null,
    cacheKey: null,
    producer: null,
    startedAt: null,
    endedAt: null,
    durationMs: null,
    savedMs: null,
    retryAt: null,
    error: null,
  };
}
