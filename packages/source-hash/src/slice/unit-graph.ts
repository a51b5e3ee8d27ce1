// The references between units, in both directions.

import type { Program, Unit } from "../program/program.ts";
import type { Shape } from "./shape.ts";

/** The graph of an artifact's units, with an edge to each unit that the code names. */
export class UnitGraph {
  readonly #program: Program;
  readonly #shapeOf: (unit: Unit) => Shape;
  readonly #last = new Map<Unit, number>();
  #users: ReadonlyMap<Unit, readonly Unit[]> | undefined;

  constructor(program: Program, shapeOf: (unit: Unit) => Shape) {
    this.#program = program;
    this.#shapeOf = shapeOf;
  }

  /** Units that a unit's code names. */
  *namedBy(unit: Unit): Iterable<Unit> {
    for (const target of this.#shapeOf(unit).targets) if (target.kind === "units") yield* target.units;
  }

  /**
   * Every unit that a unit's code names, transitively, and itself; undefined if there are more than
   * `most`.
   */
  reachOf(unit: Unit, most: number): ReadonlySet<Unit> | undefined {
    const reached = new Set<Unit>([unit]);
    for (const one of reached) {
      for (const next of this.namedBy(one)) reached.add(next);
      if (reached.size > most) return undefined;
    }
    return reached;
  }

  /**
   * Every unit whose code leads to a unit, including itself, without units that were seen and those
   * leading to them.
   */
  leadingTo(unit: Unit, seen: Set<Unit>): Unit[] {
    const found: Unit[] = [];
    const pending: Unit[] = [unit];
    for (let one = pending.pop(); one; one = pending.pop()) {
      if (seen.has(one)) continue;
      seen.add(one);
      found.push(one);
      for (const user of this.#usersOf(one)) pending.push(user);
    }
    return found;
  }

  /**
   * Index of the last unit in reach of a unit, not counting functions; -1 for none. Computed for a whole
   * strongly connected component at once, as in Tarjan's "Depth-first search and linear graph
   * algorithms".
   */
  lastInReach(start: Unit): number {
    const known = this.#last.get(start);
    if (known !== undefined) return known;
    const order = new Map<Unit, number>();
    const open: Unit[] = [];
    const path: Frame[] = [];
    const enter = (unit: Unit): void => {
      order.set(unit, order.size);
      open.push(unit);
      const lowest = order.size - 1;
      const last = unit.kind === "function" ? -1 : unit.index;
      path.push({ unit, next: this.namedBy(unit)[Symbol.iterator](), lowest, last });
    };
    enter(start);
    for (let frame = path.at(-1); frame; frame = path.at(-1)) {
      const step = frame.next.next();
      if (step.done !== true) {
        const found = this.#last.get(step.value);
        const place = order.get(step.value);
        if (found !== undefined) frame.last = Math.max(frame.last, found);
        else if (place === undefined) enter(step.value);
        else frame.lowest = Math.min(frame.lowest, place);
        continue;
      }
      path.pop();
      if (frame.lowest === order.get(frame.unit)) {
        for (let done = open.pop(); done; done = open.pop()) {
          this.#last.set(done, frame.last);
          if (done === frame.unit) break;
        }
      }
      const above = path.at(-1);
      if (!above) continue;
      above.lowest = Math.min(above.lowest, frame.lowest);
      above.last = Math.max(above.last, frame.last);
    }
    return this.#last.get(start) as number;
  }

  #usersOf(unit: Unit): readonly Unit[] {
    if (!this.#users) {
      const users = new Map<Unit, Unit[]>();
      for (const user of this.#program.units) {
        for (const named of this.namedBy(user)) {
          const known = users.get(named);
          if (known) known.push(user);
          else users.set(named, [user]);
        }
      }
      this.#users = users;
    }
    return this.#users.get(unit) ?? [];
  }
}

/** A unit whose edges are being followed. */
interface Frame {
  readonly unit: Unit;
  readonly next: Iterator<Unit>;
  /** The first open unit that it leads to. */
  lowest: number;
  last: number;
}
