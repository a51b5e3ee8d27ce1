// Calls of methods: those that objects of the artifact have, and those of built-in objects.

import type { Node } from "../program/node.ts";
import { BuiltinCalls } from "./builtin-calls.ts";
import { builtinMethod, consumesIterator, MATCHING, movesPattern } from "./builtin-methods.ts";
import type { Call } from "./calls.ts";
import type { Frame } from "./memory.ts";
import { ANY, Cell, type Value } from "./values.ts";

/** Follows calls of methods. */
export abstract class MethodCalls extends BuiltinCalls {
  /** Calls a method by name: those of the artifact that the object has, and the built-in one. */
  callMethod(object: Cell, name: string, call: Call): void {
    const { node, frame } = call;
    const method = builtinMethod(name);
    if (frame.phase === "attempt" && !method) this.unresolved.add(call);
    this.flow.listen(this.read(object, name, node, frame, true), (called) => {
      // An object of the SDK is read as what it holds.
      if (called.kind !== "data") this.apply(called, call);
    });
    if (name === "call" || name === "apply" || name === "bind") this.#callFunction(object, name, call);
    if (method?.writes) this.changes.push({ object, node, frame });
    if (method) {
      // On strings and numbers, which are not followed.
      for (const given of call.args) if (!method.keeps) this.callBack(given, [], call, new Cell());
      if (method.returns === "fresh" || method.returns === "iterator")
        this.flow.add(call.result, this.#freshFor(method.returns, call));
    }
    if (MATCHING.has(name)) this.#match(call.args[0] ?? new Cell(), name, call);
    this.flow.listen(object, (value) => {
      if (value.kind === "data") {
        this.unresolved.delete(call);
        if (!method && value.phase === "load") this.change(value, node, frame, `calls ${name} of an object`);
        if (!method) this.callData(value, call);
      }
      this.whenBuiltin(value, () => {
        if (name === ANY && value.kind !== "data")
          this.change(value, node, frame, "calls a method by a computed name");
        this.#callBuiltinMethod(value, name, call);
      });
    });
  }

  /** `f.call(self, …)`, `f.apply(self, list)` and `f.bind(self, …)`. */
  #callFunction(object: Cell, name: "apply" | "bind" | "call", call: Call): void {
    const { node, frame } = call;
    const [self = new Cell(), ...args] = call.args;
    this.flow.listen(object, (called) => {
      if (called.kind !== "function" && called.kind !== "bound") return;
      this.unresolved.delete(call);
      if (name === "call") return this.apply(called, { ...call, self, args });
      if (name === "apply") {
        const rest = this.union(call.rest, this.elements(args[0] ?? new Cell(), node, frame));
        return this.apply(called, { ...call, self, args: [], rest });
      }
      const bound = this.made("bound", node, frame);
      const known = this.bound.get(bound) ?? { target: new Cell(), self: new Cell(), given: new Cell() };
      this.bound.set(bound, known);
      this.flow.add(known.target, called);
      this.flow.join(self, known.self);
      for (const given of [...args, call.rest]) this.flow.join(given, known.given);
      this.flow.add(call.result, bound);
    });
  }

  #match(pattern: Cell, name: string, { node, frame }: Call): void {
    this.flow.listen(pattern, (value) => this.#usePattern(value, name, node, frame));
  }

  #usePattern(value: Value, name: string, node: Node, frame: Frame): void {
    if (value.kind !== "pattern" || value.phase !== "load") return;
    // One that was moved while the file was loaded starts elsewhere in the first attempt.
    const moved = this.flow.field(value, "moved");
    if (frame.phase === "load" && movesPattern(value.detail, name)) this.flow.add(moved, value);
    if (movesPattern(value.detail, name))
      this.change(value, node, frame, `moves the position of a pattern by ${name}`);
    else if (/[gy]/.test(value.detail) && frame.phase === "attempt")
      this.flow.listen(moved, () =>
        this.change(value, node, frame, `moves the position of a pattern by ${name}`),
      );
  }

  #freshFor(returns: "fresh" | "iterator", { node, frame }: Call): Value {
    const fresh = this.made(returns === "fresh" ? "list" : "iterator", node, frame, "", "method");
    const held = this.flow.field(fresh, ANY);
    this.flow.add(held, this.made("list", node, frame, "", "inner"));
    return fresh;
  }

  #callBuiltinMethod(value: Value, name: string, call: Call): void {
    const { node, frame, args, rest, result } = call;
    const method = builtinMethod(name);
    if (!method) return;
    const given = this.union(...args, rest);
    const held =
      value.kind === "map" || value.kind === "iterator"
        ? this.elements(this.cellOf(value), node, frame)
        : value.all;
    if (
      method.writes ||
      (value.kind === "iterator" && consumesIterator(name)) ||
      (name === "decode" && args.length > 1)
    )
      this.change(value, node, frame, `changes ${call.shown.replace(/\.[^.]*$/, "")} by ${name}`);
    // Values that are sent to a generator, or thrown in it.
    if (value.kind === "iterator") this.flow.join(given, this.flow.field(value, ANY));
    if (name === "throw") this.flow.join(given, this.thrown);
    if (method.writesArguments)
      this.flow.listen(given, (changed) =>
        this.change(changed, node, frame, `changes what it passes to ${name}`),
      );
    this.flow.listen(given, (used) => {
      if (used.kind === "iterator" && !method.keeps)
        this.change(used, node, frame, "goes through an iterator");
    });
    this.#usePattern(value, name, node, frame);
    if (method.keeps || name === "splice" || name === "concat" || name === "with" || name === "toSpliced")
      this.flow.join(
        given,
        method.writes ? this.flow.field(value, ANY) : this.flow.field(this.#freshFor("fresh", call), ANY),
      );
    const results = new Cell();
    const self = this.cellOf(value);
    if (method.returns === "promise") return this.#continue(value, name, call);
    if (name === "reduce" || name === "reduceRight") {
      const collected = this.union(args[1] ?? held, results);
      this.callBack(args[0] ?? new Cell(), [collected, held, new Cell(), self], call, results);
      return this.flow.join(this.union(collected, results), result);
    }
    const params = name === "sort" || name === "toSorted" ? [held, held] : [held, held, self];
    if (!method.keeps) this.callBack(given, params, call, results);
    switch (method.returns) {
      case "element":
        // A step of an iterator.
        if (value.kind === "iterator") this.flow.add(result, this.pairOf(value, node, frame));
        return this.flow.join(value.all, result);
      case "self":
        return this.flow.add(result, value);
      case "fresh":
      case "results":
      case "iterator": {
        // A part of bytes shows the same bytes.
        if (value.kind === "bytes") this.flow.add(result, value);
        const fresh = this.#freshFor(
          method.returns === "iterator" || value.kind === "iterator" ? "iterator" : "fresh",
          call,
        );
        const into = this.flow.field(fresh, ANY);
        if (method.returns !== "results") this.flow.join(value.all, into);
        if (name === "entries" || value.kind === "map") this.flow.add(into, this.pairOf(value, node, frame));
        if (name === "map" || name === "flatMap") this.flow.join(results, into);
        if (name === "flat") this.flow.join(this.elementsOf(into, node, frame), into);
        if (name === "flat" || name === "flatMap" || name === "concat" || name === "union")
          this.flow.join(this.elementsOf(this.union(value.all, results, given), node, frame), into);
        return this.flow.add(result, fresh);
      }
      default:
    }
  }

  #continue(promise: Value, name: string, call: Call): void {
    const { node, frame, args, result } = call;
    const settled = this.awaited(this.cellOf(promise), node, frame);
    const results = new Cell();
    const [first = new Cell(), second = new Cell()] = args;
    if (name === "then") this.callBack(first, [settled], call, results);
    if (name === "finally") this.callBack(first, [], call, new Cell());
    this.callBack(
      name === "catch" ? first : name === "then" ? second : new Cell(),
      [this.thrown],
      call,
      results,
    );
    const after = this.union(results, name === "then" ? new Cell() : settled);
    this.flow.add(result, this.promise(after, node, frame, "then"));
  }
}
