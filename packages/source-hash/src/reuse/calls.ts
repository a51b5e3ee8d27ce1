// Calls of functions of the artifact, and of what cannot be followed.

import type { Node } from "../program/node.ts";
import { Memory, type Frame } from "./memory.ts";
import { ANY, Cell, HIDDEN, Value, type Kind, type Phase } from "./values.ts";

/** A call, or `new`. */
export interface Call {
  readonly node: Node;
  readonly frame: Frame;
  readonly self: Cell;
  readonly args: readonly Cell[];
  /** Elements of arguments that were spread; they may be any argument. */
  readonly rest: Cell;
  readonly result: Cell;
  /** The text of the callee, for messages. */
  readonly shown: string;
}

/** The arguments and the result of a running function. */
export interface Activation {
  readonly self: Cell;
  /** Each argument by its place; `all` is any of them. */
  readonly args: (index: number) => Cell;
  /** Values that may be any argument. */
  readonly rest: Cell;
  readonly all: Cell;
  readonly result: Cell;
}

interface BoundFunction {
  readonly target: Cell;
  readonly self: Cell;
  readonly given: Cell;
}

/** Follows calls. */
export abstract class Calls extends Memory {
  readonly #escaped = new Set<Value>();
  /** The targets and arguments of `bind`. */
  protected readonly bound: Map<Value, BoundFunction> = new Map();
  /** Calls in attempts for which nothing was found that is called. */
  readonly unresolved: Set<Call> = new Set();

  /** Returns a function of the artifact as it runs in a phase; undefined if the value is none. */
  protected abstract activationOf(called: Value, phase: Phase): Activation | undefined;
  /** Calls a function of the language or of Node. */
  protected abstract callBuiltin(path: string, call: Call): void;

  call(callee: Cell, call: Call): void {
    if (call.frame.phase === "attempt") this.unresolved.add(call);
    this.flow.listen(callee, (called) => this.apply(called, call));
  }

  apply(called: Value, call: Call): void {
    if (CALLABLE.has(called.kind)) this.unresolved.delete(call);
    switch (called.kind) {
      case "function":
        return this.invoke(called, call);
      case "builtin":
        return this.callBuiltin(called.detail, call);
      case "bound":
        return this.#callBound(called, call);
      case "resolver":
        return this.#settle(called, call);
      case "data":
        return this.callData(called, call);
      case "unknown":
        return this.callUnknown(called.detail, call);
      default:
    }
  }

  protected invoke(called: Value, { frame, self, args, rest, result }: Call): void {
    const running = this.activationOf(called, frame.phase);
    if (!running) return;
    this.flow.join(self, running.self);
    for (const [index, given] of args.entries()) {
      this.flow.join(given, running.args(index));
      this.flow.join(given, running.all);
    }
    this.flow.join(rest, running.rest);
    this.flow.join(rest, running.all);
    this.flow.join(running.result, result);
  }

  /** Calls functions among some values, with anything of `given` as each argument. */
  callBack(callbacks: Cell, given: readonly Cell[], call: Call, result: Cell): void {
    this.flow.listen(callbacks, (called) => {
      if (!["bound", "function", "builtin", "resolver"].includes(called.kind)) return;
      // An argument of its caller may be its `this`.
      this.apply(called, { ...call, self: this.union(...call.args), args: given, rest: new Cell(), result });
    });
  }

  protected callImplicitly(called: Value, self: Value): void {
    const running = called.kind === "function" ? this.activationOf(called, "attempt") : undefined;
    if (running) this.flow.add(running.self, self);
  }

  protected callAccessor(called: Value, frame: Frame, self: Value, given: Cell, result: Cell): void {
    const running = called.kind === "function" ? this.activationOf(called, frame.phase) : undefined;
    if (!running) return;
    this.flow.add(running.self, self);
    this.flow.join(given, running.args(0));
    this.flow.join(given, running.all);
    this.flow.join(running.result, result);
  }

  protected iterateOwn(called: Value, self: Value, result: Cell, node: Node, frame: Frame): void {
    const running = called.kind === "function" ? this.activationOf(called, frame.phase) : undefined;
    if (!running) return;
    this.flow.add(running.self, self);
    this.flow.listen(running.result, (iterator) => {
      if (iterator.kind !== "plain")
        return this.flow.join(this.elements(this.cellOf(iterator), node, frame), result);
      const step = new Cell();
      const next = this.read(this.cellOf(iterator), "next", node, frame);
      const call = {
        node,
        frame,
        self: this.cellOf(iterator),
        args: [],
        rest: new Cell(),
        result: step,
        shown: "next",
      };
      this.flow.listen(next, (method) => this.apply(method, call));
      this.flow.join(this.read(this.awaited(step, node, frame), "value", node, frame), result);
    });
  }

  /** Returns the values that `await` gives. */
  awaited(cell: Cell, node: Node, frame: Frame): Cell {
    const result = new Cell();
    const seen = new Set<Value>();
    const settle = (value: Value): void => {
      if (value.kind !== "promise") return this.flow.add(result, value);
      if (seen.has(value)) return;
      seen.add(value);
      this.flow.listen(this.flow.field(value, "value"), settle);
    };
    this.flow.listen(cell, settle);
    return this.shown(result, node, frame);
  }

  promise(settled: Cell, node: Node, frame: Frame, role = ""): Value {
    const promise = this.made("promise", node, frame, "", role);
    this.flow.join(settled, this.flow.field(promise, "value"));
    return promise;
  }

  resolver(promise: Value, node: Node, frame: Frame, role: "resolve" | "reject"): Value {
    const resolver = this.made("resolver", node, frame, role, role);
    this.flow.add(this.flow.field(resolver, HIDDEN), promise);
    return resolver;
  }

  #settle(resolver: Value, { node, frame, args }: Call): void {
    this.change(resolver, node, frame, "settles a promise");
    const [given] = args;
    if (!given) return;
    if (resolver.detail === "reject") return this.flow.join(given, this.thrown);
    this.flow.listen(this.flow.field(resolver, HIDDEN), (promise) =>
      this.flow.join(given, this.flow.field(promise, "value")),
    );
  }

  /** Objects of JSON and of the SDK: what they are given, they may keep. */
  protected callData(data: Value, call: Call): void {
    const held = this.flow.field(data, ANY);
    this.flow.add(call.result, data);
    // A Dag keeps its handlers without calling them.
    if (data.phase === "load") return;
    for (const given of [...call.args, call.rest]) {
      this.callBack(given, [this.cellOf(data)], call, held);
      this.flow.join(given, held);
    }
    this.flow.join(this.awaited(held, call.node, call.frame), call.result);
  }

  /** At load, it may do anything to what it gets; an attempt is not accepted at all. */
  protected callUnknown(reason: string, call: Call): void {
    const { node, frame, args, rest, self, result } = call;
    if (frame.phase === "attempt") return this.report(node, frame, `uses ${reason}`);
    const unknown = this.unknown(node, frame, reason);
    for (const given of [...args, rest, self]) this.#escape(given, unknown);
    this.flow.add(result, unknown);
  }

  #escape(cell: Cell, unknown: Value): void {
    this.flow.listen(cell, (value) => {
      if (this.#escaped.has(value) || value.kind === "builtin" || value.kind === "unknown") return;
      this.#escaped.add(value);
      this.flow.add(this.flow.field(value, ANY), unknown);
      this.#escape(value.all, unknown);
      this.#escape(value.accessors, unknown);
      this.#escape(value.proto, unknown);
      const prototype = value.fields.get("prototype");
      if (prototype) this.#escape(prototype, unknown);
      const running = value.kind === "function" ? this.activationOf(value, "load") : undefined;
      if (!running) return;
      this.flow.add(running.self, unknown);
      this.flow.add(running.all, unknown);
      this.flow.add(running.rest, unknown);
      this.#escape(running.result, unknown);
    });
  }

  /** Its own arguments may be in any place. */
  #callBound(bound: Value, call: Call): void {
    const known = this.bound.get(bound);
    if (!known) return;
    const rest = this.union(known.given, ...call.args, call.rest);
    this.flow.listen(known.target, (called) =>
      this.apply(called, { ...call, self: known.self, args: [], rest }),
    );
  }
}

const CALLABLE: ReadonlySet<Kind> = new Set<Kind>([
  "bound",
  "builtin",
  "data",
  "function",
  "resolver",
  "unknown",
]);
