// The task instances of one run in memory, and which of their changes the database does not have yet.

import {
  UNMAPPED,
  UNTOUCHED,
  isTerminal,
  sumUp,
  type SummedRun,
  type TaskInstance,
  type TaskInstanceId,
  type TaskInstanceWrite,
  type TryWrites,
} from "@memodag/core";
import type { DagNode } from "../../graph/dag-graph.ts";
import type { EndedInstance } from "../../graph/run-progress.ts";
import { InstanceMap } from "../../graph/instance-map.ts";
import { TryJournal } from "./try-journal.ts";

/** The parts of a row, as the database has it, that changes are compared with. */
type StoredRow = Pick<TaskInstance, "state" | "tryNumber" | "cacheStatus" | "attemptId">;

interface Entry {
  readonly node: DagNode;
  row: TaskInstance;
  /** The row as stored; `null`: there is none. */
  stored: StoredRow | null;
  /** When it last became ready to run; `null`: not since it was loaded. */
  readyAt: number | null;
}

/** Notified of each written row, with what the database had before; `null`: no row. */
export type WrittenListener = (instance: TaskInstance, before: StoredRow | null) => void;

/** A batch of changes on its way to the database. */
export interface PendingWrites {
  readonly writes: readonly TaskInstanceWrite[];
  /** Rows to delete. */
  readonly removed: readonly TaskInstanceId[];
  /** Absent: no try was queued or has ended. */
  readonly tries?: TryWrites;
  /** Call once the database has them. */
  confirm(onWritten: WrittenListener): void;
}

/** Rows by task and mapIndex. */
export class InstanceTable {
  readonly #entries: InstanceMap<Entry>;
  #dirty = new Set<Entry>();
  #removed: TaskInstanceId[] = [];
  readonly #tries: TryJournal;

  /** @param now in milliseconds since the Unix epoch */
  constructor(nodeCount: number, now: () => number) {
    this.#entries = new InstanceMap(nodeCount);
    this.#tries = new TryJournal(now);
  }

  /** Adds a row that the database holds. */
  load(node: DagNode, row: TaskInstance): void {
    this.#entries.set(node, row.mapIndex, { node, row, stored: row, readyAt: null });
  }

  find(node: DagNode, mapIndex: number): TaskInstance | undefined {
    return this.#entries.get(node, mapIndex)?.row;
  }

  /** The task of an instance whose current state the database does not have. */
  nodeOf({ taskId, mapIndex }: TaskInstanceId): DagNode | undefined {
    for (const { node, row } of this.#dirty)
      if (row.taskId === taskId && row.mapIndex === mapIndex) return node;
    return undefined;
  }

  /** @throws Error when there is no such instance, which is a bug. */
  get(node: DagNode, mapIndex: number): TaskInstance {
    const row = this.find(node, mapIndex);
    if (!row) throw new Error(`task "${node.task.taskId}" has no instance ${mapIndex}`);
    return row;
  }

  /** The instances of a task by mapIndex, from 0; the one of an unmapped task. */
  listOf(node: DagNode): TaskInstance[] {
    const rows = this.#entries.entriesOf(node).map(([, entry]) => entry.row);
    return rows.sort((a, b) => a.mapIndex - b.mapIndex);
  }

  /** Returns the sums over all instances. */
  sumUp(): SummedRun {
    return sumUp(rowsOf(this.#entries.values()));
  }

  /** The instances of a task, as in {@link listOf}, if all of them have ended; empty otherwise. */
  endedOf(node: DagNode): EndedInstance[] {
    const rows = this.listOf(node);
    const ended = rows.flatMap(({ mapIndex, state }) => (isTerminal(state) ? [{ mapIndex, state }] : []));
    return ended.length === rows.length ? ended : [];
  }

  /** Changes a row, or creates it. */
  change(node: DagNode, mapIndex: number, change: Partial<TaskInstance>): TaskInstance {
    let entry = this.#entries.get(node, mapIndex);
    if (entry) {
      const before = entry.row;
      entry.row = { ...before, ...change };
      if (before.attemptId !== null) this.#tries.noteEnd(before, entry.stored, entry.row);
      if (entry.row.state === "scheduled" && before.state !== "scheduled") entry.readyAt = this.#tries.now();
    } else {
      entry = { node, row: Object.assign(newInstance(node, mapIndex), change), stored: null, readyAt: null };
      if (entry.row.state === "scheduled") entry.readyAt = this.#tries.now();
      this.#entries.set(node, mapIndex, entry);
    }
    this.#dirty.add(entry);
    return entry.row;
  }

  /** Removes an instance that no longer exists, also from the database. */
  remove(node: DagNode, mapIndex: number): void {
    const entry = this.#entries.get(node, mapIndex);
    if (!entry) return;
    this.#entries.delete(node, mapIndex);
    this.#dirty.delete(entry);
    this.#tries.noteEnd(entry.row, entry.stored, null);
    if (entry.stored) this.#removed.push({ taskId: node.task.taskId, mapIndex });
  }

  get isDirty(): boolean {
    return this.#dirty.size > 0 || this.#removed.length > 0;
  }

  /** Changes that the database does not have yet. Until they are confirmed, each call returns them again. */
  pendingWrites(): PendingWrites {
    const entries = [...this.#dirty];
    const writes = entries.map(writeOf);
    const removed = [...this.#removed];
    const queued = entries.flatMap(
      ({ row, stored, readyAt }) => this.#tries.queuedOf(row, stored, readyAt) ?? [],
    );
    const ended = [...this.#tries.ended];
    const confirm = (onWritten: WrittenListener): void => {
      this.#removed.splice(0, removed.length);
      this.#tries.confirm(ended.length);
      for (const [index, { instance }] of writes.entries()) {
        const entry = entries[index];
        if (!entry) continue;
        const before = entry.stored;
        entry.stored = instance;
        // A row that changed again while the batch was being written stays dirty.
        if (entry.row === instance) this.#dirty.delete(entry);
        onWritten(instance, before);
      }
    };
    return {
      writes,
      removed,
      ...(queued.length + ended.length > 0 && { tries: { queued, ended } }),
      confirm,
    };
  }
}

function* rowsOf(entries: Iterable<Entry>): Generator<TaskInstance> {
  for (const { row } of entries) yield row;
}

function writeOf({ node, stored, row: instance }: Entry): TaskInstanceWrite {
  const leaves = stored && { state: stored.state, tryNumber: stored.tryNumber };
  if (instance.state !== "queued") return { instance, leaves };
  return { instance, leaves, takes: { pool: node.task.pool, slots: node.task.poolSlots } };
}

function newInstance(node: DagNode, mapIndex: number): TaskInstance {
  return {
    ...UNTOUCHED,
    taskId: node.task.taskId,
    mapIndex: node.isMapped ? mapIndex : UNMAPPED,
    maxTries: node.task.retries + 1,
  };
}
