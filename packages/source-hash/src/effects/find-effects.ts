// The effects of all units of an artifact, each with what others attach to the objects that it can get at.

import type { Unit } from "../program/program.ts";
import type { Effects } from "./effects.ts";

/** A unit that is in every hash. */
export interface ImpureUnit {
  readonly unit: Unit;
  readonly reason: string;
}

/** Units by a unit that they change, or may have been given. */
export type Attracted = ReadonlyMap<Unit, readonly Unit[]>;

/** Units whose evaluation changes something: what cannot be told, or objects of some units. */
export interface FoundEffects {
  readonly unknown: readonly ImpureUnit[];
  readonly objects: ReadonlyMap<Unit, ReadonlySet<Unit>>;
}

/** Tells what units lead to. */
export interface ReachGraph {
  /** Every unit whose code or objects a unit can get at, itself among them; undefined when they are more than `most`. */
  reachOf(unit: Unit, most: number): ReadonlySet<Unit> | undefined;
}

/**
 * How many units may be looked at, each as often as it is in reach of another. More take seconds: long chains of
 * statements that all reach each other.
 */
const MOST_LOOKS = 150_000;

/**
 * Finds the effects of some units. A getter or a function that one unit puts into an object runs when another
 * reads or calls it, so that they are looked at again until none of them changes more. Where that would take too long, all of them are unknown: it is never less.
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

/** By what they change, in order of evaluation. */
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
