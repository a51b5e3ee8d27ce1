// Decides whether an expression's value is primitive, or a literal list or object without accessors:
// values that can be added, spread and read without running other code.

import { PARENT, isNode, memberName, nameOf, part, parts, textOf, type Node } from "../program/node.ts";
import type { Program } from "../program/program.ts";
import { isPrimitiveOfPrimitives, isPureOfLiterals } from "./builtins.ts";
import type { Constants } from "./constants.ts";
import type { Tampering } from "./tampering.ts";

const ARITHMETIC = new Set("+ - * / % ** << >> >>> & | ^ == != < <= > >=".split(" "));
const LOGICAL_LITERALS = new Set(["===", "!=="]);
/** String methods that return a primitive value. */
const STRING_METHODS = new Set(
  "at charAt concat endsWith includes indexOf padEnd padStart repeat slice startsWith substring toLowerCase toString toUpperCase trim trimEnd trimStart".split(
    " ",
  ),
);

/** Recognizes plain values. */
export class PlainValues {
  readonly #program: Program;
  readonly #constants: Constants;
  readonly #tampering: Tampering;
  readonly #asking = new Set<Node>();
  readonly #primitive = new Map<Node, boolean>();
  /** Number of recursive questions: an answer that depends on one is not cached. */
  #circles = 0;

  constructor(program: Program, constants: Constants, tampering: Tampering) {
    this.#program = program;
    this.#constants = constants;
    this.#tampering = tampering;
  }

  /** True if the value is a string, number, boolean, bigint, symbol, null or undefined. */
  isPrimitive(node: Node | undefined): boolean {
    if (!node) return true;
    const known = this.#primitive.get(node);
    if (known !== undefined) return known;
    if (this.#isAsking(node)) return false;
    const circles = this.#circles;
    this.#asking.add(node);
    try {
      const answer = this.#decidePrimitive(node);
      if (this.#circles === circles) this.#primitive.set(node, answer);
      return answer;
    } finally {
      this.#asking.delete(node);
    }
  }

  /** True for an object literal, or a name for one, without getters among its own properties. */
  isPlainObject(node: Node | undefined): boolean {
    return this.#all(node, (value) => {
      if (value.type === "CallExpression") return this.#isFrozen(value, (inner) => this.isPlainObject(inner));
      return (
        value.type === "ObjectExpression" &&
        parts(value, "properties").every((property) =>
          property.type === "SpreadElement"
            ? this.isPlainObject(part(property, "argument"))
            : property["kind"] === "init" && !setsPrototype(property),
        )
      );
    });
  }

  /** True for a list literal, or a name for one; iterating it runs no code of the artifact. */
  isPlainArray(node: Node | undefined): boolean {
    if (!this.#tampering.builtinsPristine) return false;
    return this.#all(node, (value) => {
      if (value.type === "CallExpression") {
        return (
          this.#isFrozen(value, (inner) => this.isPlainArray(inner)) ||
          (isPureOfLiterals(this.pathOf(part(value, "callee")) ?? "") &&
            this.isPlainObject(parts(value, "arguments")[0]))
        );
      }
      return (
        value.type === "ArrayExpression" &&
        parts(value, "elements").every(
          (element) => element.type !== "SpreadElement" || this.isPlainArray(part(element, "argument")),
        )
      );
    });
  }

  /** Returns the global function that an expression refers to, such as `Math.max`, or `undefined`. */
  pathOf(node: Node | undefined): string | undefined {
    if (node?.type === "Identifier") {
      return this.#program.bindingOf(node) === null ? nameOf(node) : undefined;
    }
    const name = memberName(node);
    const object = this.#globalName(part(node, "object"));
    return name === undefined || object === undefined ? undefined : `${object}.${name}`;
  }

  /** `process.env.NAME`: always a string or undefined. */
  isEnvironmentRead(node: Node): boolean {
    const object = part(node, "object");
    return (
      node.type === "MemberExpression" &&
      memberName(object) === "env" &&
      this.#globalName(part(object, "object")) === "process" &&
      (node["computed"] !== true || this.isPrimitive(part(node, "property")))
    );
  }

  #globalName(node: Node | undefined): string | undefined {
    return node?.type === "Identifier" && this.#program.bindingOf(node) === null ? nameOf(node) : undefined;
  }

  #decidePrimitive(node: Node): boolean {
    switch (node.type) {
      case "Literal":
        return node["regex"] === undefined;
      case "TemplateLiteral":
        return parts(node, "expressions").every((inner) => this.isPrimitive(inner));
      case "UnaryExpression":
        return node["operator"] !== "delete" && this.#isHarmlessOperand(node);
      case "BinaryExpression":
        if (LOGICAL_LITERALS.has(node["operator"] as string)) return true;
        return ARITHMETIC.has(node["operator"] as string) && this.#arePrimitive(node, "left", "right");
      case "LogicalExpression":
        return this.#arePrimitive(node, "left", "right");
      case "ConditionalExpression":
        return this.#arePrimitive(node, "consequent", "alternate");
      case "Identifier":
        return this.#isPrimitiveName(node);
      case "MemberExpression":
        return this.#isPrimitiveMember(node);
      case "CallExpression":
        return this.#isPrimitiveCall(node);
      default:
        return false;
    }
  }

  #isAsking(node: Node): boolean {
    if (!this.#asking.has(node)) return false;
    this.#circles += 1;
    return true;
  }

  #isHarmlessOperand(node: Node): boolean {
    const operator = node["operator"];
    return (
      operator === "!" ||
      operator === "typeof" ||
      operator === "void" ||
      this.isPrimitive(part(node, "argument"))
    );
  }

  #arePrimitive(node: Node, ...fields: readonly string[]): boolean {
    return fields.every((field) => this.isPrimitive(part(node, field)));
  }

  #isPrimitiveName(node: Node): boolean {
    const binding = this.#program.bindingOf(node);
    if (binding === null) return ["undefined", "NaN", "Infinity"].includes(node["name"] as string);
    if (!binding) return false;
    const values = this.#constants.possibleValuesOf(binding);
    if (values) return values.every((value) => this.isPrimitive(value));
    // `let i = 0; … i++`: primitive if everything ever written to it is.
    if (binding.defs.length !== 1 || binding.defs[0]?.type !== "Variable") return false;
    return binding.references.every((use) => {
      if (!use.isWrite()) return true;
      const written = use.writeExpr;
      const target = use.identifier as unknown as Node;
      if (isUpdated(target)) return true;
      return isNode(written) && isWhole(target) && this.isPrimitive(written);
    });
  }

  #isPrimitiveMember(node: Node): boolean {
    if (this.isEnvironmentRead(node) || part(node, "object")?.type === "MetaProperty") return true;
    const path = this.pathOf(node);
    if (path?.startsWith("Math.") || path?.startsWith("Number.")) return true;
    return memberName(node) === "length" && this.isPrimitive(part(node, "object"));
  }

  #isPrimitiveCall(node: Node): boolean {
    const args = parts(node, "arguments");
    if (!this.#tampering.builtinsPristine || !args.every((argument) => this.isPrimitive(argument)))
      return false;
    const callee = part(node, "callee");
    if (isPrimitiveOfPrimitives(this.pathOf(callee) ?? "")) return true;
    const object = part(callee, "object");
    const name = memberName(callee);
    if (name === "join") return this.isPlainArray(object) && this.#hasPrimitiveElements(object);
    return name !== undefined && STRING_METHODS.has(name) && this.isPrimitive(object);
  }

  #hasPrimitiveElements(node: Node | undefined): boolean {
    const array = this.#program.unwrap(node);
    return (
      array?.type === "ArrayExpression" &&
      parts(array, "elements").every((element) => this.isPrimitive(element))
    );
  }

  #isFrozen(call: Node, accepts: (node: Node | undefined) => boolean): boolean {
    if (!this.#tampering.builtinsPristine || this.pathOf(part(call, "callee")) !== "Object.freeze")
      return false;
    return accepts(parts(call, "arguments")[0]);
  }

  /** True if `test` holds for every possible value of a node. */
  #all(node: Node | undefined, test: (value: Node) => boolean): boolean {
    if (!node || this.#isAsking(node)) return false;
    this.#asking.add(node);
    try {
      const binding = node.type === "Identifier" ? this.#program.bindingOf(node) : undefined;
      if (node.type !== "Identifier") return test(node);
      // Accessors may have been added since to an object that was created without.
      if (this.#tampering.definesAccessors) return false;
      const values = binding ? this.#constants.possibleValuesOf(binding) : null;
      return (
        values !== null &&
        values.length > 0 &&
        values.every((value) => value !== undefined && this.#all(value, test))
      );
    } finally {
      this.#asking.delete(node);
    }
  }
}

/** `{ __proto__: x }` inherits the getters of x. */
function setsPrototype(property: Node): boolean {
  const key = part(property, "key");
  return nameOf(key) === "__proto__" || textOf(key) === "__proto__";
}

function isUpdated(target: Node): boolean {
  return parentType(target) === "UpdateExpression";
}

/** True if the whole value is assigned to the name, not an element of it. */
function isWhole(target: Node): boolean {
  const type = parentType(target);
  return type === "VariableDeclarator" || type === "AssignmentExpression";
}

function parentType(node: Node): string | undefined {
  return node[PARENT]?.type;
}
