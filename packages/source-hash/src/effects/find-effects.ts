// Determines the effects of all units of an artifact, including those that other units attach to objects
// they can access.

import type { Unit } from "../program/program.ts";
import type { Effects } from "./effects.ts";

/** A unit that is part of every hash. */
export interface ImpureUnit {
  readonly unit: Unit;
  readonly reason: string;
}

/** Units that change a unit or may have received it, by that unit. */
export type Attracted = ReadonlyMap<Unit, readonly Unit[]>;

/** Units whose evaluation changes something: objects of some units, or unknown. */
export interface FoundEffects {
  readonly unknown: readonly ImpureUnit[];
  readonly objects: ReadonlyMap<Unit, ReadonlySet<Unit>>;
}

/** Tells which units a unit leads to. */
export interface ReachGraph {
  /**
   * Every unit whose code or objects a unit can access, including itself; undefined if there are more
   * than `most`.
   */
  reachOf(unit: Unit, most: number): ReadonlySet<Unit> | undefined;
}

/**
 * Maximum number of units to examine, counted once for each unit that reaches them. More would take
 * seconds, for long chains of statements that all reach each other.
 */
const MOST_LOOKS = 150_000;

/**
 * Determines the effects of some units. A getter or a function that one unit puts into an object runs
 * when another unit reads or calls it, so units are examined again until nothing changes. If that would
 * take too long, all effects are unknown, which is always safe.
 */
export function findEffects(units: readonly Unit[], effects: Effects, graph: ReachGraph): FoundEffects {
  const unknown = new Map<Unit, ImpureUnit>();
  const objects = new Map<Unit, ReadonlySet<Unit>>();
  const reach = new Map<Unit, ReadonlySet<Unit>>();
  let looks = 0;
  for (const unit of units) {
    const within = graph.reachOf(unit, MOST_LOOKS - looks);
    if (!within) return tooMany(units);
    looks += within.size;
    reach.set(unit, within);
  }
  const defers = new Set<Unit>();
  const looked = new Map<Unit, number>();
  for (let isStable = false; !isStable;) {
    isStable = true;
    const attracted = attractedBy(objects);
    for (const unit of units) {
      if (unknown.has(unit)) continue;
      const within = withAttached(reach.get(unit) as ReadonlySet<Unit>, attracted, reach);
      if (looked.get(unit) === within.size) continue;
      looked.set(unit, within.size);
      looks += within.size;
      if (looks > MOST_LOOKS) return tooMany(units);
      const effect = effects.of(unit, within);
      if (effect.kind === "none") continue;
      isStable = false;
      if (effect.kind === "objects") {
        objects.set(unit, effect.units);
        if (effect.defers) defers.add(unit);
      } else {
        objects.delete(unit);
        unknown.set(unit, { unit, reason: effect.reason });
      }
    }
  }
  const deferring = [...objects.keys()].filter((unit) => defers.has(unit));
  for (const unit of units) {
    // Code that runs in between affects what comes after.
    if (unknown.has(unit) || !effects.waits(unit) || deferring.every((other) => other === unit)) continue;
    objects.delete(unit);
    unknown.set(unit, { unit, reason: "it waits, and other code changes something meanwhile" });
  }
  return { unknown: units.flatMap((unit) => unknown.get(unit) ?? []), objects };
}

function tooMany(units: readonly Unit[]): FoundEffects {
  const reason = "the file has too many statements that reach each other to tell what each of them changes";
  return { unknown: units.map((unit) => ({ unit, reason })), objects: new Map() };
}

/** The units in reach, and those in reach of the units that change an object there. */
function withAttached(
  reach: ReadonlySet<Unit>,
  attracted: Attracted,
  reachOf: ReadonlyMap<Unit, ReadonlySet<Unit>>,
): ReadonlySet<Unit> {
  const within = new Set(reach);
  for (const unit of within) {
    for (const changing of attracted.get(unit) ?? []) {
      for (const other of reachOf.get(changing) ?? []) within.add(other);
    }
  }
  return within;
}

/** By the units that they change, in order of evaluation. */
export function attractedBy(touched: ReadonlyMap<Unit, Iterable<Unit>>): Attracted {
  const attracted = new Map<Unit, Unit[]>();
  for (const [unit, units] of touched) {
    for (const changed of units) {
      const known = attracted.get(changed);
      if (known) known.push(unit);
      else attracted.set(changed, [unit]);
    }
  }
  return attracted;
}
