// Instances that wait to be dispatched: one line for each pool and queue, so that a full one does not slow down the
// others.

import { queueOf } from "@memodag/core";
import type { ReadyInstance } from "../graph/ready-instance.ts";

interface Waiting {
  readonly instance: ReadyInstance;
  /** A sequence number: of equal ones, the first that became ready leaves first. */
  readonly number: number;
}

/** The pool and the queue of a line. */
export interface LineName {
  readonly pool: string;
  readonly queue: string;
}

interface Line extends LineName {
  items: Waiting[];
  /** Index of the first waiting item in `items`. */
  first: number;
  isSorted: boolean;
}

/** Number of items already taken from a queue before its array is compacted. */
const LONGEST_PAST = 1_024;

/** The lines of one run: the heaviest instance first, of equal ones that with the longest path ahead of it. */
export class WaitingLines {
  readonly #lines = new Map<string, Line>();
  readonly #compare: (a: Waiting, b: Waiting) => number;
  #count = 0;
  #size = 0;

  /** @param paths expected durations from the start of each task to the end of the run, by the tasks' indexes */
  constructor(paths: readonly number[] = []) {
    const pathOf = ({ instance }: Waiting): number => paths[instance.node.index] ?? 0;
    this.#compare = (a, b) => weightOf(b) - weightOf(a) || pathOf(b) - pathOf(a) || a.number - b.number;
  }

  /** The number of waiting instances. */
  get size(): number {
    return this.#size;
  }

  add(instance: ReadyInstance): void {
    const name = lineOf(instance);
    const id = idOf(name);
    let line = this.#lines.get(id);
    if (!line) this.#lines.set(id, (line = { ...name, items: [], first: 0, isSorted: true }));
    const waiting = { instance, number: (this.#count += 1) };
    const last = line.items.at(-1);
    if (last && line.items.length > line.first && this.#compare(last, waiting) > 0) line.isSorted = false;
    line.items.push(waiting);
    this.#size += 1;
  }

  /** The next instance of a line that is not closed. */
  next(isClosed: (line: LineName) => boolean): ReadyInstance | undefined {
    let best: Waiting | undefined;
    for (const line of this.#lines.values()) {
      if (isClosed(line)) continue;
      const head = this.#headOf(line);
      if (head && (!best || this.#compare(head, best) < 0)) best = head;
    }
    return best?.instance;
  }

  #headOf(line: Line): Waiting | undefined {
    if (!line.isSorted) {
      line.items = line.items.slice(line.first).sort(this.#compare);
      line.first = 0;
      line.isSorted = true;
    }
    return line.items[line.first];
  }

  /** Removes the instance that is the first of its line. */
  leave(instance: ReadyInstance): void {
    const id = idOf(lineOf(instance));
    const line = this.#lines.get(id);
    if (!line || line.first >= line.items.length) return;
    line.first += 1;
    this.#size -= 1;
    if (line.first === line.items.length) this.#lines.delete(id);
    else if (line.first > LONGEST_PAST && line.first * 2 > line.items.length) {
      line.items = line.items.slice(line.first);
      line.first = 0;
    }
  }
}

/** Returns the line that an instance waits in. */
export function lineOf({ node: { task } }: ReadyInstance): LineName {
  return { pool: task.pool, queue: queueOf(task) };
}

function idOf({ pool, queue }: LineName): string {
  return JSON.stringify([pool, queue]);
}

function weightOf({ instance }: Waiting): number {
  return instance.node.task.priorityWeight;
}
