// Decides whether a statement that runs while a Dag file is loaded does nothing but create values.

import { isClass, isFunction, part, parts, type Node } from "../program/node.ts";
import { isKnownGlobal } from "./builtins.ts";
import type { ExpressionPurity, PuritySources, StatementPurity } from "./purity-sources.ts";

/** Decides for statements and declarations. */
export class PureStatements implements StatementPurity {
  readonly #is: PuritySources;
  readonly #expressions: ExpressionPurity;

  constructor(sources: PuritySources, expressions: ExpressionPurity) {
    this.#is = sources;
    this.#expressions = expressions;
  }

  /** True if defining the class runs no code of the artifact. */
  isPureClass(node: Node): boolean {
    const superclass = part(node, "superClass");
    if (superclass && !this.#isPureSuperclass(superclass)) return false;
    return parts(part(node, "body"), "body").every((member) => {
      if (member.type === "StaticBlock") {
        return parts(member, "body").every((statement) => this.#isNaming(statement));
      }
      if (!this.#expressions.isPureKey(member)) return false;
      return (
        member.type !== "PropertyDefinition" ||
        member["static"] !== true ||
        this.#expressions.isPure(part(member, "value"))
      );
    });
  }

  #isNaming(statement: Node): boolean {
    const call = part(statement, "expression");
    return call?.type === "CallExpression" && this.#is.program.isHelper(part(call, "callee"), "__name");
  }

  #isPureSuperclass(node: Node): boolean {
    const { constants, program } = this.#is;
    const resolved = constants.resolve(node);
    if (isClass(resolved) || isFunction(resolved)) return true;
    if (resolved?.type !== "Identifier") return false;
    const binding = program.bindingOf(resolved);
    if (binding === null) return isKnownGlobal(resolved["name"] as string);
    return binding !== undefined && program.importOf(binding) !== undefined;
  }

  /** True if the initialiser and its destructuring are pure. */
  isPureDeclarator(node: Node): boolean {
    const init = part(node, "init");
    return this.#expressions.isPure(init) && this.#isPurePattern(part(node, "id"), init);
  }

  #isPurePattern(pattern: Node | undefined, value: Node | undefined): boolean {
    const { values, tampering } = this.#is;
    if (pattern?.type === "Identifier") return true;
    if (pattern?.type === "ObjectPattern") {
      return (
        tampering.builtinsPristine &&
        values.isPlainObject(value) &&
        parts(pattern, "properties").every((property) => {
          const target =
            property.type === "RestElement" ? part(property, "argument") : part(property, "value");
          return property["computed"] !== true && this.#isPureBinding(target);
        })
      );
    }
    if (pattern?.type !== "ArrayPattern") return false;
    return (
      values.isPlainArray(value) &&
      parts(pattern, "elements").every((target) =>
        this.#isPureBinding(target.type === "RestElement" ? part(target, "argument") : target),
      )
    );
  }

  #isPureBinding(target: Node | undefined): boolean {
    if (target?.type === "AssignmentPattern") {
      return part(target, "left")?.type === "Identifier" && this.#expressions.isPure(part(target, "right"));
    }
    return target?.type === "Identifier";
  }

  isPureStatement(node: Node | undefined): boolean {
    if (!node) return true;
    switch (node.type) {
      case "EmptyStatement":
      case "FunctionDeclaration":
      case "BreakStatement":
      case "ContinueStatement":
        return true;
      case "ClassDeclaration":
        return this.isPureClass(node);
      case "ExpressionStatement":
        return this.#isNaming(node) || this.#expressions.isPure(part(node, "expression"));
      case "ReturnStatement":
      case "ThrowStatement":
        return this.#expressions.isPure(part(node, "argument"));
      case "VariableDeclaration":
        return (
          ["var", "let", "const"].includes(node["kind"] as string) &&
          parts(node, "declarations").every((declarator) => this.isPureDeclarator(declarator))
        );
      case "BlockStatement":
        return parts(node, "body").every((statement) => this.isPureStatement(statement));
      case "LabeledStatement":
        return this.isPureStatement(part(node, "body"));
      case "IfStatement":
        return (
          this.#expressions.isPure(part(node, "test")) &&
          this.isPureStatement(part(node, "consequent")) &&
          this.isPureStatement(part(node, "alternate"))
        );
      case "ForStatement": {
        const init = part(node, "init");
        return (
          (init?.type === "VariableDeclaration"
            ? this.isPureStatement(init)
            : this.#expressions.isPure(init)) &&
          this.#expressions.isPure(part(node, "test")) &&
          this.#expressions.isPure(part(node, "update")) &&
          this.isPureStatement(part(node, "body"))
        );
      }
      case "ForOfStatement":
        return this.#isPureLoop(node);
      default:
        return false;
    }
  }

  #isPureLoop(node: Node): boolean {
    const left = part(node, "left");
    const right = part(node, "right");
    if (node["await"] === true || left?.type !== "VariableDeclaration") return false;
    if (!["const", "let"].includes(left["kind"] as string)) return false;
    const [declarator] = parts(left, "declarations");
    return (
      part(declarator, "id")?.type === "Identifier" &&
      this.#is.values.isPlainArray(right) &&
      this.#expressions.isPure(right) &&
      this.isPureStatement(part(node, "body"))
    );
  }
}
