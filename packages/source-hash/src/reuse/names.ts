// Variables, properties and patterns: what names stand for, and assignments to them.

import { isBuiltin } from "node:module";
import { isFunction, memberName, nameOf, PARENT, part, parts, textOf, type Node } from "../program/node.ts";
import type { Binding, Program } from "../program/program.ts";
import { isSdkSpecifier } from "../purity/sdk-objects.ts";
import { MethodCalls } from "./method-calls.ts";
import type { Frame } from "./memory.ts";
import { ANY, Cell } from "./values.ts";

const NOTHING = new Set(["undefined", "NaN", "Infinity"]);
const LONGEST_TEXT = 60;

/** Functions around a node. */
function depthOf(node: Node): number {
  let depth = 0;
  for (let outer = node[PARENT]; outer; outer = outer[PARENT]) if (isFunction(outer)) depth += 1;
  return depth;
}

/** Resolves names, and assigns to them. */
export abstract class Names extends MethodCalls {
  readonly program: Program;
  readonly #variables = new Map<Binding, Map<string, Cell>>();
  readonly #depths = new Map<Binding, number>();

  constructor(program: Program) {
    super();
    this.program = program;
  }

  /** Evaluates an expression. */
  abstract value(node: Node | undefined, frame: Frame): Cell;

  protected refuse(node: Node, frame: Frame, reason: string): Cell {
    this.report(node, frame, reason);
    return this.cellOf(this.unknown(node, frame, "a value that cannot be followed"));
  }

  protected name(node: Node, frame: Frame): Cell {
    const binding = this.program.bindingOf(node);
    if (binding === undefined) return new Cell();
    if (binding === null) {
      const name = nameOf(node) ?? "";
      if (NOTHING.has(name)) return new Cell();
      if (name === "eval" || name === "Function" || name === "require")
        return this.cellOf(this.unknown(node, frame, `${name}, whose code cannot be followed`));
      return this.cellOf(this.builtin(name));
    }
    const imported = this.program.importOf(binding);
    if (!imported) return this.variable(binding, frame);
    const { specifier, imported: name } = imported;
    const space = isSdkSpecifier(specifier)
      ? "memodag"
      : isBuiltin(specifier)
        ? `node:${specifier.replace(/^node:/, "")}`
        : null;
    if (space === null)
      return this.cellOf(
        this.unknown(
          node,
          frame,
          `${binding.name} of package "${specifier}", which may keep something between attempts`,
        ),
      );
    return this.cellOf(this.builtin(name === "*" ? space : `${space}.${name}`));
  }

  /** The variable of the activation in which the code was defined. */
  variable(binding: Binding, frame: Frame): Cell {
    const prefix = frame.env.slice(0, this.#depthOf(binding));
    let cells = this.#variables.get(binding);
    if (!cells) this.#variables.set(binding, (cells = new Map()));
    let cell = cells.get(prefix);
    if (!cell) cells.set(prefix, (cell = new Cell()));
    return cell;
  }

  /** The number of activations that a variable is within, with its own. */
  #depthOf(binding: Binding): number {
    let depth = this.#depths.get(binding);
    if (depth === undefined) {
      const block = binding.scope.block as unknown as Node;
      depth = depthOf(block) + (binding.scope.type === "function" ? 1 : 0);
      this.#depths.set(binding, depth);
    }
    return depth;
  }

  /** Assigns a value to a variable, a property or a pattern. */
  assign(target: Node | undefined, given: Cell, frame: Frame, isDeclared = false): void {
    switch (target?.type) {
      case "Identifier": {
        const binding = this.program.bindingOf(target);
        if (!binding) return this.report(target, frame, `sets the global ${nameOf(target)}`);
        this.flow.join(given, this.variable(binding, frame));
        const depth = this.#depthOf(binding);
        if (!isDeclared && frame.env.slice(0, depth).at(-1) !== "a")
          this.report(
            target,
            frame,
            `sets the variable ${nameOf(target)}, which exists before the attempt and after it`,
          );
        return;
      }
      case "MemberExpression": {
        const object = this.objectOf(target, frame);
        return this.write(
          object,
          this.propertyOf(target, frame),
          given,
          target,
          frame,
          `changes ${this.textOf(target)}`,
        );
      }
      case "AssignmentPattern":
        return this.assign(
          part(target, "left"),
          this.union(given, this.value(part(target, "right"), frame)),
          frame,
          isDeclared,
        );
      case "ArrayPattern": {
        const inner = this.elements(given, target, frame);
        for (const element of parts(target, "elements"))
          this.assign(
            element,
            element.type === "RestElement" ? this.rest(element, inner, frame) : inner,
            frame,
            isDeclared,
          );
        return;
      }
      case "RestElement":
        return this.assign(part(target, "argument"), given, frame, isDeclared);
      case "ObjectPattern":
        for (const property of parts(target, "properties")) {
          const rest = property.type === "RestElement";
          const read = rest
            ? this.rest(property, this.read(given, ANY, property, frame), frame)
            : this.read(given, this.keyOf(property, frame), property, frame);
          this.assign(rest ? property : part(property, "value"), read, frame, isDeclared);
        }
        return;
      default:
        if (target) this.refuse(target, frame, `assigns to code that cannot be followed (${target.type})`);
    }
  }

  protected rest(node: Node, inner: Cell, frame: Frame): Cell {
    const rest = this.made("list", node, frame);
    this.flow.join(inner, this.flow.field(rest, ANY));
    return this.cellOf(rest);
  }

  /** The name of a property, a method or a field: `@@iterator` for a symbol of the language. */
  protected keyOf(property: Node, frame: Frame): string {
    const key = part(property, "key");
    if (property["computed"] !== true) {
      if (key?.type === "PrivateIdentifier") return `#${String(key["name"])}`;
      return (
        nameOf(key) ?? (key?.type === "Literal" && typeof key["value"] === "string" ? key["value"] : ANY)
      );
    }
    return this.#computedName(key, frame);
  }

  #computedName(key: Node | undefined, frame: Frame): string {
    const text = textOf(key);
    if (text !== undefined && !/^\d+$/.test(text)) return text;
    this.value(key, frame);
    const object = part(key, "object");
    if (
      key?.type === "MemberExpression" &&
      nameOf(object) === "Symbol" &&
      object &&
      this.program.bindingOf(object) === null
    ) {
      const name = memberName(key);
      return name === "iterator" || name === "asyncIterator" ? `@@${name}` : "@@";
    }
    return ANY;
  }

  protected propertyOf(member: Node, frame: Frame): string {
    const property = part(member, "property");
    if (property?.type === "PrivateIdentifier") return `#${String(property["name"])}`;
    if (member["computed"] === true) return this.#computedName(property, frame);
    return nameOf(property) ?? ANY;
  }

  protected objectOf(member: Node, frame: Frame): Cell {
    const object = part(member, "object");
    return object?.type === "Super" ? this.superOf(frame) : this.value(object, frame);
  }

  /** Returns the objects that `super` reads from. */
  protected superOf(frame: Frame): Cell {
    const result = new Cell();
    this.flow.listen(frame.home, (home) => this.flow.join(home.proto, result));
    return result;
  }

  /** The code of a name or a callee, for messages. */
  textOf({ start, end }: Node): string {
    const text = this.program.code.slice(start, end).replace(/\s+/g, " ");
    return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
  }
}
