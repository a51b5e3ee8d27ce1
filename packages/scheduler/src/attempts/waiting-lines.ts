// Instances that wait to be dispatched: a line for each pool, so that a full pool costs the others nothing.

import type { ReadyInstance } from "../graph/ready-instance.ts";

interface Waiting {
  readonly instance: ReadyInstance;
  /** Counts up: what weighs the same goes in the order in which it became ready. */
  readonly number: number;
}

interface Line {
  items: Waiting[];
  /** Where the line begins in `items`. */
  first: number;
  isSorted: boolean;
}

/** Length of what has left a line before the list is made anew. */
const LONGEST_PAST = 1_024;

/** The lines of one run, heaviest first. */
export class WaitingLines {
  readonly #lines = new Map<string, Line>();
  #count = 0;
  #size = 0;

  /** How many wait. */
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

  /** The instance whose turn it is, in a pool that is not among `closed`. */
  next(closed: ReadonlySet<string>): ReadyInstance | undefined {
    let best: Waiting | undefined;
    for (const [pool, line] of this.#lines) {
      if (closed.has(pool)) continue;
      const head = headOf(line);
      if (head && (!best || compare(head, best) < 0)) best = head;
    }
    return best?.instance;
  }

  /** Takes the first of a pool's line out. */
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
