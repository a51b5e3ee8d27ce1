// Classes: their members, and what `new` runs.

import { part, parts, type Node } from "../program/node.ts";
import type { Binding } from "../program/program.ts";
import type { Call } from "./calls.ts";
import { accessorPrefix, Expressions } from "./expressions.ts";
import type { Frame } from "./memory.ts";
import { ANY, Cell, HIDDEN, type Value } from "./values.ts";

/** The place where a function or class was defined. */
export interface Definition {
  readonly node: Node;
  readonly frame: Frame;
}

/** The field of a class that holds its constructor. */
const CONSTRUCTOR = HIDDEN;

/** Evaluates classes. */
export abstract class Classes extends Expressions {
  protected readonly definitions: Map<Value, Definition> = new Map();

  protected abstract runStatements(statements: readonly Node[], frame: Frame): void;

  protected classOf(node: Node, frame: Frame): Value {
    const value = this.made("class", node, frame);
    if (this.definitions.has(value)) return value;
    this.definitions.set(value, { node, frame });
    const prototype = this.made("plain", node, frame, "", "prototype");
    this.flow.add(this.flow.field(value, "prototype"), prototype);
    this.flow.add(this.flow.field(prototype, "constructor"), value);
    this.#nameClass(node, value, frame);
    this.flow.listen(this.value(part(node, "superClass"), frame), (parent) => {
      this.flow.add(value.proto, parent);
      if (parent.kind === "builtin" || parent.kind === "unknown") this.flow.add(prototype.proto, parent);
      else this.flow.join(this.flow.field(parent, "prototype"), prototype.proto);
    });
    const ofClass = { ...frame, self: this.cellOf(value), home: this.cellOf(value) };
    const ofInstance = { ...frame, home: this.cellOf(prototype) };
    for (const member of parts(part(node, "body"), "body")) {
      const isStatic = member["static"] === true;
      if (member.type === "StaticBlock") this.runStatements(parts(member, "body"), ofClass);
      else if (member.type === "MethodDefinition") {
        const method = this.value(part(member, "value"), isStatic ? ofClass : ofInstance);
        if (member["kind"] === "constructor") this.flow.join(method, this.flow.field(value, CONSTRUCTOR));
        else
          this.flow.join(
            method,
            this.flow.field(isStatic ? value : prototype, accessorPrefix(member) + this.keyOf(member, frame)),
          );
      } else if (isStatic) {
        const held = this.value(part(member, "value"), ofClass);
        this.flow.join(held, this.flow.field(value, this.keyOf(member, frame)));
      } else this.keyOf(member, frame);
    }
    return value;
  }

  /** Its name outside, and the one that its own code sees. */
  #nameClass(node: Node, value: Value, frame: Frame): void {
    const id = part(node, "id");
    if (!id) return;
    for (const binding of this.#classBindings(node, id)) this.flow.add(this.variable(binding, frame), value);
  }

  #classBindings(node: Node, id: Node): Set<Binding> {
    if (!this.#byClass) {
      this.#byClass = new Map();
      for (const identifier of this.program.identifiers()) {
        const binding = this.program.bindingOf(identifier);
        for (const { type, node: defined } of binding?.defs ?? []) {
          if (type !== "ClassName" || !binding) continue;
          const known = this.#byClass.get(defined as unknown as Node) ?? new Set();
          this.#byClass.set(defined as unknown as Node, known.add(binding));
        }
      }
    }
    const own = this.program.bindingOf(id);
    return new Set([...(this.#byClass.get(node) ?? []), ...(own ? [own] : [])]);
  }
  #byClass: Map<Node, Set<Binding>> | undefined;

  protected construct(made: Value, call: Call): void {
    const defined = this.definitions.get(made);
    if (!defined) return;
    const { node, frame } = defined;
    const prototype = this.flow.field(made, "prototype");
    const phase = call.frame.phase;
    const fields: Frame = { ...frame, phase, self: call.self, home: this.union(prototype) };
    for (const member of parts(part(node, "body"), "body")) {
      if (member.type !== "PropertyDefinition" || member["static"] === true) continue;
      const held = this.#fieldOf(member, made, fields);
      const name = this.keyOf(member, frame);
      this.flow.listen(call.self, (value) => this.flow.join(held, this.flow.field(value, name)));
    }
    const constructors = this.flow.field(made, CONSTRUCTOR);
    // It may return another object.
    const returned = new Cell();
    this.flow.listen(constructors, (constructor) => this.apply(constructor, { ...call, result: returned }));
    this.flow.join(returned, call.result);
    this.flow.join(returned, call.self);
    if (!parts(part(node, "body"), "body").some((member) => member["kind"] === "constructor"))
      this.#constructParents(made, call);
  }

  readonly #fields = new Map<Node, Map<string, { readonly self: Cell; readonly held: Cell }>>();

  /** A field is evaluated once in each phase, for all objects. */
  #fieldOf(member: Node, made: Value, frame: Frame): Cell {
    const key = `${frame.env} ${frame.phase} ${made.phase}`;
    let known = this.#fields.get(member);
    if (!known) this.#fields.set(member, (known = new Map()));
    let field = known.get(key);
    if (!field) {
      const self = new Cell();
      known.set(key, (field = { self, held: new Cell() }));
      this.flow.join(this.value(part(member, "value"), { ...frame, self }), field.held);
    }
    this.flow.join(frame.self, field.self);
    return field.held;
  }

  protected callSuper(call: Call): void {
    // The home of a constructor is the prototype of its class.
    this.flow.listen(call.frame.home, (prototype) =>
      this.flow.listen(this.flow.field(prototype, "constructor"), (made) =>
        this.#constructParents(made, call),
      ),
    );
  }

  #constructParents(made: Value, call: Call): void {
    this.flow.listen(made.proto, (parent) => {
      if (parent.kind === "class") this.construct(parent, call);
      else if (parent.kind === "function") {
        const returned = new Cell();
        this.apply(parent, { ...call, result: returned });
        this.flow.join(returned, call.self);
      } else if (parent.kind === "builtin") {
        // `class Failure extends Error`: the object keeps what the constructor is given.
        const known = { ...call, result: new Cell() };
        this.constructAny(this.cellOf(parent), known);
        for (const given of [...call.args, call.rest])
          this.flow.listen(call.self, (value) => this.flow.join(given, this.flow.field(value, ANY)));
      } else if (parent.kind === "unknown") this.apply(parent, call);
    });
  }
}
