// Finds where code may convert a function or a class to a string: its source text is then a value.

import {
  isClass,
  isFunction,
  memberName,
  nameOf,
  PARENT,
  part,
  parts,
  pushChildren,
  type Node,
} from "../program/node.ts";
import type { Binding, Program } from "../program/program.ts";
import type { Constants } from "../purity/constants.ts";
import { returnsOf } from "../purity/sdk-objects.ts";

const CONVERTING = new Set(["toLocaleString", "toString"]);

/** Determines which values may be functions, as far as the code shows it. */
export class FunctionTexts {
  readonly #program: Program;
  readonly #constants: Constants;
  readonly #asking = new Set<Node | Binding>();
  #called: ReadonlySet<string> | undefined;

  constructor(program: Program, constants: Constants) {
    this.#program = program;
    this.#constants = constants;
  }

  /** True for a conversion to a string of a possible function, such as `f.toString()` or a key `${f}`. */
  isReadBy(node: Node): boolean {
    switch (node.type) {
      case "CallExpression":
        return nameOf(part(node, "callee")) === "String" && this.#some(parts(node, "arguments"));
      case "Identifier":
        return node["name"] === "String" && this.#isHandedOn(node);
      case "MemberExpression":
        if (CONVERTING.has(memberName(node) ?? "")) return this.#isConverted(part(node, "object"));
        return node["computed"] === true && this.#isCode(part(node, "property"));
      case "Property":
        return node["computed"] === true && this.#isCode(part(node, "key"));
      case "TemplateLiteral":
        return node[PARENT]?.type !== "TaggedTemplateExpression" && this.#some(parts(node, "expressions"));
      case "BinaryExpression":
        return node["operator"] === "+" && this.#some([part(node, "left"), part(node, "right")]);
      case "AssignmentExpression":
        return node["operator"] === "+=" && this.#isCode(part(node, "right"));
      default:
        return false;
    }
  }

  #isConverted(object: Node | undefined): boolean {
    if (object?.type === "ThisExpression") return true;
    // `Function.prototype.toString.call(f)`: its argument is not tracked.
    if (memberName(object) === "prototype")
      return !["Object", "Date", "Number"].includes(nameOf(part(object, "object")) ?? "");
    return this.#isCode(object);
  }

  /** `rows.map(String)`: the converted values are not tracked. */
  #isHandedOn(identifier: Node): boolean {
    const parent = identifier[PARENT];
    if (this.#program.bindingOf(identifier) !== null) return false;
    return parent?.type !== "MemberExpression" && part(parent, "callee") !== identifier;
  }

  #some(nodes: readonly (Node | undefined)[]): boolean {
    return nodes.some((node) => this.#isCode(node));
  }

  #isCode(node: Node | undefined): boolean {
    const bare = this.#program.unwrap(node);
    if (!bare || this.#asking.has(bare)) return false;
    this.#asking.add(bare);
    try {
      return this.#decide(bare);
    } finally {
      this.#asking.delete(bare);
    }
  }

  #decide(node: Node): boolean {
    if (isFunction(node) || isClass(node)) return true;
    switch (node.type) {
      case "Identifier": {
        const binding = this.#program.bindingOf(node);
        return binding ? this.#isCodeName(binding) : false;
      }
      case "MemberExpression":
        return this.#isCodeMember(node);
      case "AssignmentExpression":
        return this.#isCode(part(node, "right"));
      case "ConditionalExpression":
        return this.#some([part(node, "consequent"), part(node, "alternate")]);
      case "LogicalExpression":
        return this.#some([part(node, "left"), part(node, "right")]);
      case "SequenceExpression":
        return this.#isCode(parts(node, "expressions").at(-1));
      case "CallExpression": {
        const called = this.#constants.resolve(part(node, "callee"));
        return isFunction(called) && this.#some(returnsOf(called));
      }
      case "ArrayExpression":
        return this.#some(parts(node, "elements"));
      default:
        return false;
    }
  }

  /** A name that is called somewhere, or that refers to a function somewhere. */
  #isCodeName(binding: Binding): boolean {
    if (this.#asking.has(binding)) return false;
    this.#asking.add(binding);
    try {
      return (
        binding.defs.some(({ type }) => type === "FunctionName" || type === "ClassName") ||
        binding.references.some((use) => {
          const identifier = use.identifier as unknown as Node;
          const parent = identifier[PARENT];
          const isCalled = parent?.type === "CallExpression" || parent?.type === "NewExpression";
          if (isCalled && part(parent, "callee") === identifier) return true;
          return use.isWrite() && this.#isCode(use.writeExpr as unknown as Node | undefined);
        }) ||
        (this.#constants.possibleValuesOf(binding) ?? []).some((value) => this.#isCode(value))
      );
    } finally {
      this.#asking.delete(binding);
    }
  }

  /** `this.fn` if some `….fn(…)` is called, and `table[key]` if some `table[…](…)` is. */
  #isCodeMember(node: Node): boolean {
    const name = memberName(node);
    if (name !== undefined && name !== "length") return this.#calledProperties().has(name);
    const object = this.#constants.resolve(part(node, "object"));
    if (object?.type === "ArrayExpression") return this.#some(parts(object, "elements"));
    if (object?.type !== "ObjectExpression") return false;
    return this.#some(parts(object, "properties").map((property) => part(property, "value")));
  }

  #calledProperties(): ReadonlySet<string> {
    if (this.#called) return this.#called;
    const called = new Set<string>();
    const pending: Node[] = [this.#program.root];
    for (let node = pending.pop(); node; node = pending.pop()) {
      const name = node.type === "CallExpression" ? memberName(part(node, "callee")) : undefined;
      if (name !== undefined) called.add(name);
      if (node.type === "Property" && isFunction(this.#program.unwrap(part(node, "value")))) {
        const key = nameOf(part(node, "key"));
        if (key !== undefined) called.add(key);
      }
      pushChildren(node, pending);
    }
    return (this.#called = called);
  }
}
