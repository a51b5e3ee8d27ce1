// The objects that code makes, reads and changes, and the changes that outlive an attempt.

import type { Node } from "../program/node.ts";
import { holdsStrings, tellsOfBefore } from "./builtin-functions.ts";
import { leavesTraces } from "./builtin-methods.ts";
import { ANY, Cell, Flow, GET, SET, Value, type Kind, type Phase } from "./values.ts";

/** Something that an attempt would leave for the next one, or that cannot be shown to leave nothing. */
export interface KeptState {
  readonly node: Node;
  /** Completes "a cached task that reuses its process …", such as `writes total`. */
  readonly reason: string;
}

/** Where and when a piece of code runs. */
export interface Frame {
  /** The phases in which the functions around it were called, outermost first: `l` for load, `a` for attempt. */
  readonly env: string;
  readonly phase: Phase;
  /** Possible values of `this`. */
  readonly self: Cell;
  /** Results of the function. */
  readonly returned: Cell;
  /** Values that a generator yields, and that are sent to it. */
  readonly yielded: Cell;
  readonly sent: Cell;
  /** The classes or objects whose parent is `super`. */
  readonly home: Cell;
}

/** Begin the paths of methods that were read as values: of an object of the language, and of JSON. */
export const METHOD = "the method ";
export const FIELD = "the field ";

/** Names that the language calls by itself. */
const IMPLICIT: readonly string[] = [
  "toJSON",
  "toString",
  "valueOf",
  "then",
  "handleEvent",
  "next",
  "return",
  "@@",
  "@@iterator",
  "@@asyncIterator",
];

const BUILTIN_KINDS: ReadonlySet<Kind> = new Set<Kind>([
  "bytes",
  "data",
  "iterator",
  "list",
  "map",
  "native",
  "pattern",
  "promise",
]);

/** Reads and changes abstract objects. */
export abstract class Memory {
  readonly flow: Flow = new Flow();
  readonly kept: Map<Node, KeptState> = new Map();
  /** Everything that may be thrown. */
  readonly thrown: Cell = new Cell();
  /** Code that changes an object of the language while the file is loaded. */
  tampered: Node | undefined;
  /** Changes of objects that were found, or not. */
  readonly changes: { readonly object: Cell; readonly node: Node; readonly frame: Frame }[] = [];
  readonly #values = new Map<Node, Map<string, Value>>();
  readonly #builtins = new Map<string, Value>();
  readonly #seen = new Set<Value>();
  readonly #elements: Readonly<Record<Phase, Map<Value, Cell>>> = { load: new Map(), attempt: new Map() };

  /** Calls a function that the language calls by itself. */
  protected abstract callImplicitly(called: Value, self: Value): void;
  /** Calls a getter or a setter. */
  protected abstract callAccessor(called: Value, frame: Frame, self: Value, given: Cell, result: Cell): void;

  report(node: Node, frame: Frame, reason: string): void {
    if (frame.phase === "attempt" && !this.kept.has(node)) this.kept.set(node, { node, reason });
  }

  /** Returns the object that a place creates, and whether it is new. */
  made(kind: Kind, node: Node, frame: Frame, detail = "", role = ""): Value {
    const key = `${kind} ${role} ${frame.env} ${frame.phase}`;
    let byKey = this.#values.get(node);
    if (!byKey) this.#values.set(node, (byKey = new Map()));
    let value = byKey.get(key);
    if (!value) {
      byKey.set(key, (value = new Value(kind, frame.phase, node, detail)));
      if (kind === "data") this.flow.add(this.flow.field(value, ANY), value);
    }
    return value;
  }

  builtin(path: string): Value {
    const name = path.replace(/^(?:globalThis|global)\.(?=.)/, "");
    let value = this.#builtins.get(name);
    if (!value) this.#builtins.set(name, (value = new Value("builtin", "load", null, name)));
    return value;
  }

  unknown(node: Node, frame: Frame, reason: string): Value {
    return this.made("unknown", node, frame, reason);
  }

  cellOf(...values: readonly Value[]): Cell {
    const cell = new Cell();
    for (const value of values) this.flow.add(cell, value);
    return cell;
  }

  union(...cells: readonly Cell[]): Cell {
    const cell = new Cell();
    for (const from of cells) this.flow.join(from, cell);
    return cell;
  }

  /**
   * Returns what a property may hold.
   * @param name {@link ANY} if it is not known
   * @param isCalled true if a built-in method is called there, and not kept
   */
  read(object: Cell, name: string, node: Node, frame: Frame, isCalled = false): Cell {
    const result = new Cell();
    const keeps = !isCalled && leavesTraces(name);
    this.flow.listen(object, (value) => {
      this.#readValue(value, name, node, frame, result);
      // As a value, it may be called on any object: `list.forEach(set.add, set)`. In JSON, it is more likely a field.
      const what = value.kind === "data" ? FIELD : METHOD;
      if (keeps) this.whenBuiltin(value, () => this.flow.add(result, this.builtin(`${what}${name}`)));
    });
    return this.shown(result, node, frame);
  }

  #readValue(value: Value, name: string, node: Node, frame: Frame, result: Cell): void {
    if (value.kind === "builtin") {
      // A field of JSON has fields of its own; as a method, it has these.
      if (value.detail.startsWith(FIELD) && !["apply", "bind", "call"].includes(name)) return;
      const path = `${value.detail}.${name}`;
      if (tellsOfBefore(path))
        this.report(node, frame, `reads ${path}, which tells of the last match in the process`);
      if (!holdsStrings(value.detail)) this.flow.add(result, this.builtin(path));
      return;
    }
    // Such as the searchParams of a URL: they are taken for the object itself.
    if (["data", "native", "unknown"].includes(value.kind) || (value.kind === "bytes" && name === "buffer"))
      this.flow.add(result, value);
    this.flow.chain(value, (holder) => {
      if (holder.kind === "builtin") return;
      if (name === ANY) {
        this.flow.join(holder.all, result);
        this.flow.listen(holder.accessors, (getter) =>
          this.callAccessor(getter, frame, value, new Cell(), result),
        );
        return;
      }
      for (const label of [name, ANY]) {
        this.flow.join(this.flow.field(holder, label), result);
        this.flow.listen(this.flow.field(holder, GET + label), (getter) =>
          this.callAccessor(getter, frame, value, new Cell(), result),
        );
      }
    });
  }

  /** Sets a property of everything that a cell holds. */
  write(object: Cell, name: string, given: Cell, node: Node, frame: Frame, shown: string): void {
    this.changes.push({ object, node, frame });
    this.flow.listen(object, (value) => {
      this.change(value, node, frame, shown);
      // Its next use starts elsewhere.
      if (value.kind === "pattern" && frame.phase === "load")
        this.flow.add(this.flow.field(value, "moved"), value);
      this.flow.join(given, this.flow.field(value, name));
      this.flow.chain(value, (holder) => {
        for (const label of name === ANY ? [ANY] : [name, ANY]) {
          this.flow.listen(this.flow.field(holder, SET + label), (setter) =>
            this.callAccessor(setter, frame, value, given, new Cell()),
          );
        }
      });
    });
  }

  /** Notes that code changes an object, which matters if the next attempt has it as well. */
  change(value: Value, node: Node, frame: Frame, shown: string): void {
    if (value.phase === "load")
      this.report(node, frame, `${shown}, which exists before the attempt and after it`);
    const isOfLanguage = value.kind === "builtin" && !value.detail.startsWith("process.");
    if (isOfLanguage && frame.phase === "load") this.tampered ??= node;
  }

  /** Returns what going through something yields. Going through an iterator changes it. */
  elements(iterated: Cell, node: Node, frame: Frame): Cell {
    const result = new Cell();
    this.flow.listen(iterated, (value) => {
      if (value.kind === "iterator") this.change(value, node, frame, "goes through an iterator");
      this.flow.join(this.#elementsOfValue(value, node, frame), result);
    });
    return this.shown(result, node, frame);
  }

  /** The same for one value: found once in each phase, as an iterator may yield itself. */
  #elementsOfValue(value: Value, node: Node, frame: Frame): Cell {
    const known = this.#elements[frame.phase].get(value);
    if (known) return known;
    const result = new Cell();
    this.#elements[frame.phase].set(value, result);
    if (value.kind === "data" || value.kind === "unknown") this.flow.add(result, value);
    // A map yields pairs.
    if (value.kind === "map" || value.kind === "native" || value.kind === "iterator")
      this.flow.add(result, this.pairOf(value, node, frame));
    this.flow.join(value.all, result);
    if (value.kind !== "plain" && value.kind !== "class" && value.kind !== "function") return result;
    this.flow.chain(value, (holder) => {
      this.flow.listen(holder.accessors, (getter) =>
        this.callAccessor(getter, frame, value, new Cell(), result),
      );
      for (const label of ["@@iterator", "@@asyncIterator", "@@", ANY])
        this.flow.listen(this.flow.field(holder, label), (called) =>
          this.iterateOwn(called, value, result, node, frame),
        );
    });
    return result;
  }

  protected abstract iterateOwn(called: Value, self: Value, result: Cell, node: Node, frame: Frame): void;

  /** A new list with what an object holds. */
  protected pairOf(value: Value, node: Node, frame: Frame): Value {
    const pair = this.made("list", node, frame, "", "pair");
    this.flow.join(value.all, this.flow.field(pair, ANY));
    return pair;
  }

  /** True in the callback once it is clear that an object has the methods of a built-in class. */
  whenBuiltin(value: Value, then: () => void): void {
    if (BUILTIN_KINDS.has(value.kind)) return then();
    let isTold = false;
    this.flow.chain(value, (holder) => {
      if (holder.kind !== "builtin" || holder === value || isTold) return;
      if (holder.detail === "Object.prototype") return;
      isTold = true;
      then();
    });
  }

  /** Notes that an attempt has the values of a cell, and returns it. */
  shown(cell: Cell, node: Node, frame: Frame): Cell {
    if (frame.phase === "attempt") this.flow.listen(cell, (value) => this.#see(value, node, frame));
    return cell;
  }

  #see(value: Value, node: Node, frame: Frame): void {
    if (value.kind === "unknown") return this.report(node, frame, `uses ${value.detail}`);
    if (value.kind === "builtin" || this.#seen.has(value)) return;
    this.#seen.add(value);
    this.flow.chain(value, (holder) => {
      if (holder.kind === "unknown") this.report(node, frame, `uses ${holder.detail}`);
      if (holder.kind === "builtin") return;
      for (const name of IMPLICIT) this.#callAny(this.flow.field(holder, name), value);
      this.#callAny(holder.accessors, value);
      this.#callAny(this.flow.field(holder, ANY), value);
      // Values that it holds may be converted, written as JSON or copied without being named.
      this.flow.listen(holder.all, (inner) => this.#see(inner, node, frame));
    });
  }

  #callAny(cell: Cell, self: Value): void {
    this.flow.listen(cell, (called) => this.callImplicitly(called, self));
  }
}
