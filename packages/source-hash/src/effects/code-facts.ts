// The effects of a piece of code when it runs, not counting the code that it calls.

import type { Node } from "../program/node.ts";
import type { Unit } from "../program/program.ts";

/**
 * The effects of one function, or of one unit while it is evaluated, not counting the code that it calls.
 */
export interface CodeFacts {
  /** Functions and classes that it certainly names when it calls. */
  readonly calls: Set<Node>;
  /** Names of properties that it reads, writes or calls. */
  readonly names: Set<string>;
  /** True when it asks for a property whose name cannot be told. */
  anyName: boolean;
  /** True when it calls, or hands to something that calls, a value that cannot be told. */
  callsValues: boolean;
  /** True when it changes a variable or an object that it did not make. */
  writes: boolean;
  /** True when it asks for the values of an object, whatever their names. */
  anyValue: boolean;
  /** True when it calls a method of the SDK's name, which a package's object may have too. */
  callsForeign: boolean;
  /** True when it has a function of the language's that changes something, and does not call it there. */
  holdsChanger: boolean;
  /** True when it makes an iterator that it may keep. */
  makesIterator: boolean;
  /** True when it goes through what may be an iterator. */
  iterates: boolean;
  /** True when it goes on later: after a promise, a timer. */
  defers: boolean;
  /** True when other code may run while it waits. */
  waits: boolean;
  /** Its uses of packages, and of Node modules with state. */
  foreign: string | null;
  /** Why what it does reaches further than the artifact's own objects. */
  reason: string | null;
  /** Functions and classes written in it. */
  readonly inner: Node[];
}

/** A function, a class as it is constructed, or a unit as it is evaluated. */
export type Piece = Node | Unit;

/** Of a piece that does nothing. */
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
