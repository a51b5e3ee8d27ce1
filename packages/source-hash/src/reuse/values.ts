// Abstract values: what a variable, a property or an expression may hold when code runs, and how values flow.
//
// Each place that creates an object stands for all objects that it ever creates in one phase. Numbers, strings and
// other primitive values are not represented.

import type { Node } from "../program/node.ts";

/** When code runs: while the file is loaded, or in an attempt. What is made at load outlives every attempt. */
export type Phase = "load" | "attempt";

/**
 * - `plain`: an object literal, or an instance of a class of the artifact
 * - `data`: JSON and objects of the SDK, which hold nothing but more of themselves and what is put into them
 * - `bound`: what `bind` returns
 * - `builtin`: a function or object of the language or of Node, by its path
 * - `unknown`: what cannot be followed
 * - `resolver`: a function that settles a promise
 * - the others: built-in objects with built-in methods
 */
export type Kind =
  | "bound"
  | "builtin"
  | "bytes"
  | "class"
  | "data"
  | "function"
  | "iterator"
  | "list"
  | "map"
  | "native"
  | "pattern"
  | "plain"
  | "promise"
  | "resolver"
  | "unknown";

/** Values that something may hold. It only ever grows. */
export class Cell {
  readonly values: Set<Value> = new Set();
  readonly listeners: ((value: Value) => void)[] = [];
  readonly targets: Set<Cell> = new Set();
}

/** An abstract object. */
export class Value {
  readonly kind: Kind;
  readonly phase: Phase;
  readonly node: Node | null;
  /** The path of a builtin, the flags of a pattern, or why a value is unknown. */
  readonly detail: string;
  readonly fields: Map<string, Cell> = new Map();
  /** The values of all properties. */
  readonly all: Cell = new Cell();
  readonly proto: Cell = new Cell();
  /** Getters and setters. */
  readonly accessors: Cell = new Cell();

  constructor(kind: Kind, phase: Phase, node: Node | null, detail = "") {
    this.kind = kind;
    this.phase = phase;
    this.node = node;
    this.detail = detail;
  }
}

/** The name of properties whose names are not known, such as elements of a list. */
export const ANY = "*";

/** The prefixes of accessors in {@link Value.fields}. */
export const GET = "get ";
export const SET = "set ";

/** The name of a field that code cannot read: the constructor of a class, the promise that a function settles. */
export const HIDDEN = "()";

/** Steps after which a file is too large to follow. */
const MOST_STEPS = 400_000;

/** Thrown for code that takes too long to follow. */
export class TooLarge extends Error {}

/**
 * Moves values along until nothing changes.
 * @throws TooLarge from all methods, for a file with too much to follow
 */
export class Flow {
  readonly #queue: (() => void)[] = [];
  #steps = 0;

  add(cell: Cell, value: Value): void {
    if (cell.values.has(value)) return;
    cell.values.add(value);
    for (const listener of cell.listeners) this.#enqueue(listener, value);
  }

  /** Calls back once for each value that the cell has or gets. */
  listen(cell: Cell, listener: (value: Value) => void): void {
    cell.listeners.push(listener);
    for (const value of cell.values) this.#enqueue(listener, value);
  }

  /** Everything in `from` is in `to`, too. */
  join(from: Cell, to: Cell): void {
    if (from === to || from.targets.has(to)) return;
    from.targets.add(to);
    this.listen(from, (value) => this.add(to, value));
  }

  /** Returns the cell of a property. */
  field(value: Value, name: string): Cell {
    let cell = value.fields.get(name);
    if (!cell) {
      value.fields.set(name, (cell = new Cell()));
      if (name.startsWith(GET) || name.startsWith(SET)) this.join(cell, value.accessors);
      else if (name !== "prototype" && name !== HIDDEN) this.join(cell, value.all);
    }
    return cell;
  }

  /** Calls back for a value and everything that it inherits from. */
  chain(value: Value, visit: (holder: Value) => void): void {
    const seen = new Set<Value>();
    const go = (holder: Value): void => {
      if (seen.has(holder)) return;
      seen.add(holder);
      visit(holder);
      this.listen(holder.proto, go);
    };
    go(value);
  }

  run(): void {
    for (let step = this.#queue.pop(); step; step = this.#queue.pop()) step();
  }

  #enqueue(listener: (value: Value) => void, value: Value): void {
    this.#steps += 1;
    if (this.#steps > MOST_STEPS) throw new TooLarge();
    this.#queue.push(() => listener(value));
  }
}
