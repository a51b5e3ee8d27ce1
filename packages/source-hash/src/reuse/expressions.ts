// Evaluates expressions to the values that they may have.

import { isClass, isFunction, memberName, nameOf, PARENT, part, parts, type Node } from "../program/node.ts";
import type { Call } from "./calls.ts";
import type { Frame } from "./memory.ts";
import { Names } from "./names.ts";
import { ANY, Cell, GET, SET, type Value } from "./values.ts";

/** Evaluates expressions. */
export abstract class Expressions extends Names {
  protected abstract functionOf(node: Node, frame: Frame): Value;
  protected abstract classOf(node: Node, frame: Frame): Value;
  /** Calls the constructors of the classes that a class extends. */
  protected abstract callSuper(call: Call): void;

  value(node: Node | undefined, frame: Frame): Cell {
    if (!node) return new Cell();
    return this.shown(this.#evaluate(node, frame), node, frame);
  }

  #evaluate(node: Node, frame: Frame): Cell {
    if (isFunction(node)) return this.cellOf(this.functionOf(node, frame));
    if (isClass(node)) return this.cellOf(this.classOf(node, frame));
    switch (node.type) {
      case "Identifier":
        return this.name(node, frame);
      case "Literal":
        return node["regex"] ? this.cellOf(this.made("pattern", node, frame, flagsOf(node))) : new Cell();
      case "TemplateLiteral":
        for (const inner of parts(node, "expressions")) this.value(inner, frame);
        return new Cell();
      case "ThisExpression":
        return frame.self;
      case "ArrayExpression":
        return this.#list(node, frame);
      case "ObjectExpression":
        return this.#object(node, frame);
      case "MemberExpression":
        return this.#member(node, frame);
      case "ChainExpression":
        return this.value(part(node, "expression"), frame);
      case "CallExpression":
        return this.#call(node, frame);
      case "NewExpression": {
        const call = this.#callAt(node, frame, parts(node, "arguments"), part(node, "callee"), new Cell());
        this.constructAny(this.value(part(node, "callee"), frame), call);
        return call.result;
      }
      case "TaggedTemplateExpression":
        return this.#template(node, frame);
      case "UnaryExpression":
        return this.#unary(node, frame);
      case "UpdateExpression":
        this.assign(part(node, "argument"), new Cell(), frame);
        return new Cell();
      case "BinaryExpression":
        for (const side of ["left", "right"]) this.value(part(node, side), frame);
        return new Cell();
      case "LogicalExpression":
        return this.union(this.value(part(node, "left"), frame), this.value(part(node, "right"), frame));
      case "ConditionalExpression":
        this.value(part(node, "test"), frame);
        return this.union(
          this.value(part(node, "consequent"), frame),
          this.value(part(node, "alternate"), frame),
        );
      case "AssignmentExpression":
        return this.#assignment(node, frame);
      case "SequenceExpression": {
        const values = parts(node, "expressions").map((inner) => this.value(inner, frame));
        return values.at(-1) ?? new Cell();
      }
      case "AwaitExpression":
        return this.awaited(this.value(part(node, "argument"), frame), node, frame);
      case "YieldExpression": {
        const given = this.value(part(node, "argument"), frame);
        this.flow.join(node["delegate"] === true ? this.elements(given, node, frame) : given, frame.yielded);
        return frame.sent;
      }
      case "PrivateIdentifier":
        return new Cell();
      case "MetaProperty":
        if (nameOf(part(node, "meta")) === "import") return this.cellOf(this.builtin("import.meta"));
        return this.refuse(node, frame, "uses new.target");
      case "ImportExpression":
        this.value(part(node, "source"), frame);
        return this.refuse(node, frame, "loads a module, which stays in the process");
      default:
        return this.refuse(node, frame, `has code that cannot be followed (${node.type})`);
    }
  }

  #list(node: Node, frame: Frame): Cell {
    const list = this.made("list", node, frame);
    for (const element of parts(node, "elements")) {
      const inner =
        element.type === "SpreadElement"
          ? this.elements(this.value(part(element, "argument"), frame), element, frame)
          : this.value(element, frame);
      this.flow.join(inner, this.flow.field(list, ANY));
    }
    return this.cellOf(list);
  }

  #object(node: Node, frame: Frame): Cell {
    const object = this.made("plain", node, frame);
    const inner = { ...frame, home: this.cellOf(object) };
    for (const property of parts(node, "properties")) {
      if (property.type === "SpreadElement") {
        const spread = this.read(this.value(part(property, "argument"), frame), ANY, property, frame);
        this.flow.join(spread, this.flow.field(object, ANY));
        continue;
      }
      const name = this.keyOf(property, frame);
      const value = this.value(
        part(property, "value"),
        property["method"] === true || property["kind"] !== "init" ? inner : frame,
      );
      const isProto = name === "__proto__" && property["shorthand"] !== true && property["computed"] !== true;
      this.flow.join(
        value,
        isProto ? object.proto : this.flow.field(object, accessorPrefix(property) + name),
      );
    }
    return this.cellOf(object);
  }

  #member(node: Node, frame: Frame): Cell {
    const name = this.propertyOf(node, frame);
    const object = this.objectOf(node, frame);
    const user = node[PARENT];
    if (name === "__proto__") return this.refuse(node, frame, "uses __proto__");
    if (name === "constructor" && part(node, "object")?.type !== "ThisExpression") {
      // `x.constructor.name` and `x.constructor === X` only tell.
      if (user?.type === "BinaryExpression" || memberName(user) === "name") return new Cell();
      return this.refuse(node, frame, "uses the constructor of an object");
    }
    return this.read(object, name, node, frame);
  }

  #call(node: Node, frame: Frame): Cell {
    const callee = part(node, "callee");
    const args = parts(node, "arguments");
    // The bundler keeps names.
    if (this.program.isHelper(callee, "__name")) return this.value(args[0], frame);
    if (callee?.type === "Super") {
      const call = this.#callAt(node, frame, args, callee, frame.self);
      this.callSuper(call);
      return new Cell();
    }
    if (frame.phase === "attempt" && this.#isModule(callee))
      return this.refuse(node, frame, "loads a module, which stays in the process");
    const member = callee?.type === "ChainExpression" ? part(callee, "expression") : callee;
    if (member?.type === "MemberExpression") {
      const name = this.propertyOf(member, frame);
      const object = this.objectOf(member, frame);
      const isSuper = part(member, "object")?.type === "Super";
      const call = this.#callAt(node, frame, args, member, isSuper ? frame.self : object);
      if (name === "constructor" || name === "__proto__") return this.#member(member, frame);
      this.callMethod(object, name, call);
      return call.result;
    }
    const call = this.#callAt(node, frame, args, callee, new Cell());
    this.call(this.value(callee, frame), call);
    return call.result;
  }

  /** True for what the bundler makes of a module that is loaded when it is first needed. */
  #isModule(callee: Node | undefined): boolean {
    const binding = callee?.type === "Identifier" ? this.program.bindingOf(callee) : undefined;
    const init = part(binding?.defs[0]?.node as unknown as Node | undefined, "init");
    const helper = init?.type === "CallExpression" ? part(init, "callee") : undefined;
    return this.program.isHelper(helper, "__esm") || this.program.isHelper(helper, "__commonJS");
  }

  #callAt(node: Node, frame: Frame, args: readonly Node[], callee: Node | undefined, self: Cell): Call {
    const rest = new Cell();
    const given: Cell[] = [];
    for (const argument of args) {
      if (argument.type !== "SpreadElement") given.push(this.value(argument, frame));
      else
        this.flow.join(this.elements(this.value(part(argument, "argument"), frame), argument, frame), rest);
    }
    // After a spread argument, places are not known.
    const spreads = args.findIndex(({ type }) => type === "SpreadElement");
    if (spreads >= 0) for (const later of given.splice(spreads)) this.flow.join(later, rest);
    return {
      node,
      frame,
      self,
      args: given,
      rest,
      result: new Cell(),
      shown: callee ? this.textOf(callee) : "",
    };
  }

  /** The list of texts is one object for all calls of the place. */
  #template(node: Node, frame: Frame): Cell {
    const quasi = part(node, "quasi");
    const texts = this.made("list", node, { ...frame, env: "", phase: "load" });
    const args = parts(quasi, "expressions").map((inner) => this.value(inner, frame));
    const tag = part(node, "tag");
    const member = tag?.type === "MemberExpression" ? tag : undefined;
    const object = member ? this.objectOf(member, frame) : new Cell();
    const call: Call = {
      ...this.#callAt(node, frame, [], tag, object),
      args: [this.cellOf(texts), ...args],
    };
    if (member) this.callMethod(object, this.propertyOf(member, frame), call);
    else this.call(this.value(tag, frame), call);
    return call.result;
  }

  #unary(node: Node, frame: Frame): Cell {
    const argument = part(node, "argument");
    if (node["operator"] !== "delete") this.value(argument, frame);
    else {
      const member = argument?.type === "ChainExpression" ? part(argument, "expression") : argument;
      this.assign(member, new Cell(), frame);
    }
    return new Cell();
  }

  #assignment(node: Node, frame: Frame): Cell {
    const target = part(node, "left");
    const right = this.value(part(node, "right"), frame);
    const operator = String(node["operator"]);
    if (operator === "=") {
      this.assign(target, right, frame);
      return right;
    }
    const isLogical = ["??=", "||=", "&&="].includes(operator);
    const result = isLogical ? this.union(right, this.value(target, frame)) : new Cell();
    this.assign(target, isLogical ? right : new Cell(), frame);
    return result;
  }
}

/** The prefix of the name of a getter or setter. */
export function accessorPrefix(property: Node): string {
  if (property["kind"] === "get") return GET;
  return property["kind"] === "set" ? SET : "";
}

function flagsOf(node: Node): string {
  return (node["regex"] as { readonly flags: string }).flags;
}
