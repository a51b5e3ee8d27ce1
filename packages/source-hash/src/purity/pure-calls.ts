// Decides whether a call that runs while a Dag file is loaded does nothing but create its value.

import { isFunction, memberName, part, parts, type Node } from "../program/node.ts";
import { isPureConstructor, isPureOfLiterals, isPureOfPrimitives } from "./builtins.ts";
import { isEnumBody } from "./enum-body.ts";
import type { ExpressionPurity, PuritySources, StatementPurity } from "./purity-sources.ts";

const ITERATING = new Set(["flatMap", "forEach", "map"]);

/** Decides for calls. */
export class PureCalls {
  readonly #is: PuritySources;
  readonly #expressions: ExpressionPurity;
  readonly #statements: StatementPurity;
  readonly #bodies = new Map<Node, boolean>();

  constructor(sources: PuritySources, expressions: ExpressionPurity, statements: StatementPurity) {
    this.#is = sources;
    this.#expressions = expressions;
    this.#statements = statements;
  }

  #arePure(call: Node): boolean {
    return parts(call, "arguments").every((argument) => this.#expressions.isPureElement(argument));
  }

  /** True for a call of the SDK whose arguments can be read. */
  isPureSdkCall(call: Node): boolean {
    const { sdk, readable } = this.#is;
    const callee = part(call, "callee");
    const target = callee?.type === "MemberExpression" ? part(callee, "object") : callee;
    if (!this.#expressions.isPure(target) || !this.#arePure(call)) return false;
    const handler = sdk.handlerOf(call);
    return parts(call, "arguments").every(
      (argument) => argument === handler || readable.isReadable(argument),
    );
  }

  /** True for `new` of a builtin that only stores or reads its arguments. */
  isPureConstruction(node: Node): boolean {
    const { values, tampering } = this.#is;
    const path = values.pathOf(part(node, "callee")) ?? "";
    if (!tampering.builtinsPristine || !isPureConstructor(path)) return false;
    const accepts = isCollection(path)
      ? (argument: Node) => this.#isListOfMembers(argument)
      : (argument: Node) => this.#isScalar(argument);
    return parts(node, "arguments").every(
      (argument) => this.#expressions.isPure(argument) && accepts(argument),
    );
  }

  /**
   * True for a value that a constructor can convert to strings and numbers without running an object's
   * own `toString`.
   */
  #isScalar(node: Node): boolean {
    const { values } = this.#is;
    if (values.isPrimitive(node)) return true;
    if (node.type === "ObjectExpression") {
      return (
        values.isPlainObject(node) &&
        parts(node, "properties").every((property) => values.isPrimitive(part(property, "value")))
      );
    }
    return (
      node.type === "ArrayExpression" &&
      values.isPlainArray(node) &&
      parts(node, "elements").every((element) => values.isPrimitive(element))
    );
  }

  /** A list of a collection's members, or of pairs for a map, which it stores unchanged. */
  #isListOfMembers(node: Node): boolean {
    const { values } = this.#is;
    if (values.isPrimitive(node)) return true;
    if (!values.isPlainArray(node)) return false;
    if (node.type !== "ArrayExpression") return node.type === "CallExpression";
    return parts(node, "elements").every(
      (element) => values.isPrimitive(element) || element.type === "ArrayExpression",
    );
  }

  /** A literal written in place: no other code has it yet. */
  #isFresh(node: Node | undefined): boolean {
    return node?.type === "ObjectExpression" || node?.type === "ArrayExpression";
  }

  /**
   * True for a call of a builtin that only computes, or of a function of the artifact with a pure body.
   */
  isPureCall(call: Node): boolean {
    const { program, values, constants, tampering } = this.#is;
    const callee = part(call, "callee");
    const args = parts(call, "arguments");
    if (program.unwrap(call) !== call) return this.#expressions.isPure(args[0]);
    // A lazily evaluated module: its code runs only when code that reaches it requests it.
    if (program.isHelper(callee, "__esm") || program.isHelper(callee, "__commonJS")) return true;
    if (!this.#arePure(call)) return false;
    if (isEnumBody(call, program) || this.#makesRequire(call)) return true;
    if (tampering.builtinsPristine) {
      const path = values.pathOf(callee) ?? "";
      if (isPureOfPrimitives(path) && args.every((argument) => values.isPrimitive(argument))) return true;
      if (path === "Array.isArray") return true;
      if (path === "Object.freeze") return this.#isFresh(args[0]);
      if (isPureOfLiterals(path)) {
        return args.every((argument) => values.isPlainObject(argument) || values.isPlainArray(argument));
      }
      if (values.isPrimitive(call)) return this.#expressions.isPure(part(callee, "object") ?? callee);
      if (this.#isPureIteration(callee, args)) return true;
    }
    const body = constants.resolve(callee);
    return body !== undefined && isFunction(body) && this.#isPureBody(body);
  }

  /** `createRequire(import.meta.url)`: the code that it can load is determined where it is used. */
  #makesRequire(call: Node): boolean {
    const { program } = this.#is;
    const callee = part(call, "callee");
    const binding = callee?.type === "Identifier" ? program.bindingOf(callee) : undefined;
    const imported = binding ? program.importOf(binding) : undefined;
    const [from] = parts(call, "arguments");
    return (
      imported?.imported === "createRequire" &&
      /^(?:node:)?module$/.test(imported.specifier) &&
      part(from, "object")?.type === "MetaProperty"
    );
  }

  /** `[…].map((x) => …)` with a pure body. */
  #isPureIteration(callee: Node | undefined, args: readonly Node[]): boolean {
    const { constants } = this.#is;
    const object = part(callee, "object");
    const [body, ...others] = args;
    return (
      ITERATING.has(memberName(callee) ?? "") &&
      // Any other list may have a method of its own.
      constants.elementsOf(object) !== null &&
      this.#is.values.isPlainArray(object) &&
      this.#expressions.isPure(object) &&
      others.length === 0 &&
      isFunction(body) &&
      this.#isPureBody(body)
    );
  }

  #isPureBody(body: Node): boolean {
    const known = this.#bodies.get(body);
    if (known !== undefined) return known;
    // Recursive functions are treated as impure.
    this.#bodies.set(body, false);
    const answer = this.#decideBody(body);
    this.#bodies.set(body, answer);
    return answer;
  }

  #decideBody(body: Node): boolean {
    const plainParameters = parts(body, "params").every(
      (parameter) =>
        parameter.type === "Identifier" ||
        (parameter.type === "AssignmentPattern" &&
          part(parameter, "left")?.type === "Identifier" &&
          this.#expressions.isPure(part(parameter, "right"))),
    );
    if (!plainParameters) return false;
    // A generator's body runs only when it is iterated.
    if (body["generator"] === true) return true;
    const block = part(body, "body");
    return block?.type === "BlockStatement"
      ? this.#statements.isPureStatement(block)
      : this.#expressions.isPure(block);
  }
}

function isCollection(path: string): boolean {
  return path === "Map" || path === "Set" || path === "WeakMap" || path === "WeakSet";
}
