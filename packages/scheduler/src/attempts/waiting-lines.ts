// Instances that wait to be dispatched: one queue for each pool, so that a full pool does not slow down the
// others.

import type { ReadyInstance } from "../graph/ready-instance.ts";

interface Waiting {
  readonly instance: ReadyInstance;
  /** A sequence number: instances of equal weight leave in the order in which they became ready. */
  readonly number: number;
}

interface Line {
  items: Waiting[];
  /** Index of the first waiting item in `items`. */
  first: number;
  isSorted: boolean;
}

/** Number of items already taken from a queue before its array is compacted. */
const LONGEST_PAST = 1_024;

/** The queues of one run, heaviest instance first. */
export class WaitingLines {
  readonly #lines = new Map<string, Line>();
  #count = 0;
  #size = 0;

  /** The number of waiting instances. */
  get size(): number {
    return this.#size;
  }

  add(instance: ReadyInstance): void {
    const { pool } = instance.node.task;
    let line = this.#lines.get(pool);
    if (!line) this.#lines.set(pool, (line = { items: [], first: 0, isSorted: true }));
    const waiting = { instance, number: (this.#count += 1) };
    const last = line.items.at(-1);
    if (last && line.items.length > line.first && compare(last, waiting) > 0) line.isSorted = false;
    line.items.push(waiting);
    this.#size += 1;
  }

  /** The next instance of a pool that is not in `closed`. */
  next(closed: ReadonlySet<string>): ReadyInstance | undefined {
    let best: Waiting | undefined;
    for (const [pool, line] of this.#lines) {
      if (closed.has(pool)) continue;
      const head = headOf(line);
      if (head && (!best || compare(head, best) < 0)) best = head;
    }
    return best?.instance;
  }

  /** Removes the first instance of a pool's queue. */
  leave(pool: string): void {
    const line = this.#lines.get(pool);
    if (!line || line.first >= line.items.length) return;
    line.first += 1;
    this.#size -= 1;
    if (line.first === line.items.length) this.#lines.delete(pool);
    else if (line.first > LONGEST_PAST && line.first * 2 > line.items.length) {
      line.items = line.items.slice(line.first);
      line.first = 0;
    }
  }
}

function headOf(line: Line): Waiting | undefined {
  if (!line.isSorted) {
    line.items = line.items.slice(line.first).sort(compare);
    line.first = 0;
    line.isSorted = true;
  }
  return line.items[line.first];
}

function compare(a: Waiting, b: Waiting): number {
  return b.instance.node.task.priorityWeight - a.instance.node.task.priorityWeight || a.number - b.number;
}
