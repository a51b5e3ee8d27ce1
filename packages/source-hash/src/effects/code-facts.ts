// The effects of a piece of code when it runs, not counting the code that it calls.

import type { Node } from "../program/node.ts";
import type { Unit } from "../program/program.ts";

/**
 * The effects of one function, or of one unit while it is evaluated, not counting the code that it calls.
 */
export interface CodeFacts {
  /** Functions and classes that its calls certainly name. */
  readonly calls: Set<Node>;
  /** Names of properties that it reads, writes or calls. */
  readonly names: Set<string>;
  /** True if it accesses a property whose name is unknown. */
  anyName: boolean;
  /** True if it calls an unknown value, or passes one to code that may call it. */
  callsValues: boolean;
  /** True if it changes a variable or an object that it did not create. */
  writes: boolean;
  /** True if it reads all values of an object, whatever their names. */
  anyValue: boolean;
  /** True if it calls a method with a name of the SDK, which a package's object may have, too. */
  callsForeign: boolean;
  /** True if it refers to a built-in function that changes something, without calling it there. */
  holdsChanger: boolean;
  /** True if it creates an iterator that it may keep. */
  makesIterator: boolean;
  /** True if it iterates over a possible iterator. */
  iterates: boolean;
  /** True if it continues later: after a promise or a timer. */
  defers: boolean;
  /** True if other code may run while it waits. */
  waits: boolean;
  /** Its uses of packages, and of Node modules with state. */
  foreign: string | null;
  /** Why its effects reach beyond the artifact's own objects. */
  reason: string | null;
  /** Functions and classes defined in it. */
  readonly inner: Node[];
}

/** A function, a class as it is constructed, or a unit as it is evaluated. */
export type Piece = Node | Unit;

/** The facts of a piece without effects. */
export function noFacts(): CodeFacts {
  return {
    calls: new Set(),
    names: new Set(),
    anyName: false,
    callsValues: false,
    writes: false,
    anyValue: false,
    callsForeign: false,
    holdsChanger: false,
    makesIterator: false,
    iterates: false,
    defers: false,
    waits: false,
    foreign: null,
    reason: null,
    inner: [],
  };
}
