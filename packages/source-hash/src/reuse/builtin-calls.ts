// Calls of functions and classes of the language and of Node.

import type { Node } from "../program/node.ts";
import { effectOfCall, kindOfNew } from "./builtin-functions.ts";
import { Calls, type Call } from "./calls.ts";
import { FIELD, METHOD, type Frame } from "./memory.ts";
import { ANY, Cell, GET, SET, type Value } from "./values.ts";

/** Follows calls of builtins, and `new`. */
export abstract class BuiltinCalls extends Calls {
  /** Runs the constructors of a class on a new object. */
  protected abstract construct(made: Value, call: Call): void;

  protected callBuiltin(path: string, call: Call): void {
    const { node, frame, args, rest, result } = call;
    const effect = effectOfCall(path);
    const [first = new Cell(), second = new Cell(), third = new Cell()] = args;
    if (path === "Object.defineProperty" || path === "Reflect.defineProperty")
      return this.#define(first, third, call);
    if (path === "Object.getPrototypeOf") return this.flow.add(result, this.builtin("Object.prototype"));
    if (path === "Object.getOwnPropertyDescriptor") return;
    if (path === "Promise.withResolvers") return this.#withResolvers(call);
    if (path === "Object.create") {
      const value = this.made("plain", node, frame);
      this.flow.join(first, value.proto);
      if (args.length > 1) this.report(node, frame, `calls ${path} with descriptors`);
      return this.flow.add(result, value);
    }
    if (path.startsWith("memodag.") && frame.phase === "load")
      return this.flow.add(result, this.made("data", node, frame));
    if (path.startsWith(FIELD) && !path.includes(".")) {
      // Called as a method, it changes its `this`, if it is one at all.
      return this.flow.listen(call.self, (value) => {
        if (value.kind !== "builtin")
          this.change(value, node, frame, `calls ${path.slice(FIELD.length)} by ${call.shown} on an object`);
      });
    }
    if (effect.kind === "unknown") {
      const what = path.startsWith(METHOD) ? `${path} by ${call.shown}` : call.shown;
      if (frame.phase === "attempt")
        this.report(node, frame, `calls ${what}, which may leave something in the process`);
      else this.callUnknown(`what ${path} returned while the file was loaded`, call);
      return;
    }
    if (effect.kind === "change") {
      this.flow.listen(first, (value) =>
        this.change(value, node, frame, `changes what it passes to ${call.shown}`),
      );
      this.flow.join(first, result);
      for (const given of [second, third, rest])
        this.flow.listen(first, (value) =>
          this.flow.join(this.#contentsOf(given, call), this.flow.field(value, ANY)),
        );
      return;
    }
    if (effect.kind === "copy" || effect.kind === "primitive") {
      if (path === "structuredClone" && args.length > 1) this.report(node, frame, "moves objects to a copy");
      const data = this.made("data", node, frame);
      const held = this.union(this.cellOf(data), ...args.map((given) => this.elementsOf(given, node, frame)));
      for (const given of args) this.callBack(given, [held, held], call, this.flow.field(data, ANY));
      // The result may be that of a callback.
      if (effect.kind === "copy") this.flow.join(this.flow.field(data, ANY), result);
      return;
    }
    if (effect.kind === "attempt") return this.flow.add(result, this.made("data", node, frame));
    const value = this.#computed(effect.kind === "bytes" ? "bytes" : "list", call);
    if (effect.kind === "promise")
      this.flow.add(result, this.promise(this.union(this.cellOf(value), value.all), node, frame, "builtin"));
    else this.flow.add(result, value);
    if (effect.kind === "bytes") this.#showBytes(args, result);
    // They may return what they are given.
    if (path === "Object" || path === "Iterator.from") this.flow.join(first, result);
  }

  /** A new object with anything that is in the arguments. Functions among them are called. */
  #computed(
    kind: "bytes" | "data" | "list" | "map" | "native" | "pattern" | "plain",
    call: Call,
    detail = "",
  ): Value {
    const { node, frame, args, rest } = call;
    const value = this.made(kind, node, frame, detail, "computed");
    const held = this.flow.field(value, ANY);
    this.flow.add(held, value);
    for (const given of [...args, rest]) this.flow.join(this.#contentsOf(given, call), held);
    for (const given of args) this.callBack(given, [held, held, held], call, held);
    return value;
  }

  /** The parts of an argument that a builtin may return: itself, what it holds, and what that holds. */
  #contentsOf(given: Cell, { node, frame }: Call): Cell {
    const inner = this.elementsOf(given, node, frame);
    return this.union(given, inner, this.elementsOf(inner, node, frame));
  }

  protected elementsOf(cell: Cell, node: Node, frame: Frame): Cell {
    const result = this.union(this.elements(cell, node, frame));
    this.flow.listen(cell, (value) => {
      if (value.kind === "promise") this.flow.join(this.flow.field(value, "value"), result);
    });
    return result;
  }

  /** `Object.defineProperty(object, name, descriptor)`, with any name. */
  #define(object: Cell, descriptor: Cell, { node, frame, result }: Call): void {
    this.flow.join(object, result);
    this.flow.listen(object, (value) => {
      this.change(value, node, frame, "defines a property of an object");
      const held = this.read(descriptor, "value", node, frame);
      this.flow.join(held, this.flow.field(value, ANY));
      this.flow.join(this.read(descriptor, "get", node, frame), this.flow.field(value, GET + ANY));
      this.flow.join(this.read(descriptor, "set", node, frame), this.flow.field(value, SET + ANY));
    });
  }

  #withResolvers({ node, frame, result }: Call): void {
    const value = this.made("plain", node, frame);
    const promise = this.promise(new Cell(), node, frame);
    this.flow.add(this.flow.field(value, "promise"), promise);
    for (const role of ["resolve", "reject"] as const)
      this.flow.add(this.flow.field(value, role), this.resolver(promise, node, frame, role));
    this.flow.add(result, value);
  }

  /** `new` of whatever the callee may be. */
  constructAny(callee: Cell, call: Call): void {
    if (call.frame.phase === "attempt") this.unresolved.add(call);
    this.flow.listen(callee, (called) => {
      this.unresolved.delete(call);
      if (called.kind === "builtin") this.#constructBuiltin(called.detail, call);
      else if (called.kind === "class" || called.kind === "function") this.#constructOwn(called, call);
      else this.apply(called, call);
    });
  }

  #constructOwn(called: Value, call: Call): void {
    const { node, frame, result } = call;
    const value = this.made("plain", node, frame, "", "new");
    this.flow.join(this.flow.field(called, "prototype"), value.proto);
    const constructed = { ...call, self: this.cellOf(value) };
    if (called.kind === "class") this.construct(called, constructed);
    else this.invoke(called, constructed);
    this.flow.add(result, value);
  }

  #constructBuiltin(path: string, call: Call): void {
    const { node, frame, args, result } = call;
    if (path === "Promise") {
      const promise = this.promise(new Cell(), node, frame);
      const settle = (["resolve", "reject"] as const).map((role) =>
        this.cellOf(this.resolver(promise, node, frame, role)),
      );
      for (const given of args) this.callBack(given, settle, call, new Cell());
      return this.flow.add(result, promise);
    }
    const kind = path.startsWith("memodag.") && frame.phase === "load" ? "data" : kindOfNew(path);
    if (!kind) {
      if (frame.phase === "attempt")
        this.report(node, frame, `makes a ${call.shown}, which may leave something in the process`);
      else this.callUnknown(`the ${path} that was made while the file was loaded`, call);
      return;
    }
    // Its flags are not known.
    this.flow.add(result, this.#computed(kind as "native", call, kind === "pattern" ? "gy" : ""));
    if (kind === "bytes") this.#showBytes(args, result);
    if (path === "Object") for (const given of args) this.flow.join(given, result);
  }

  /** A view shows the bytes that it is given. */
  #showBytes(args: readonly Cell[], result: Cell): void {
    for (const given of args)
      this.flow.listen(given, (value) => value.kind === "bytes" && this.flow.add(result, value));
  }
}
