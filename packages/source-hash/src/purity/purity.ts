// Decides whether code that runs while a Dag file is loaded does nothing but create its own value. Code
// that is not known to be pure is impure: its statement is then part of every hash of the artifact.

import { memberName, part, parts, type Node } from "../program/node.ts";
import type { Unit } from "../program/program.ts";
import { isKnownGlobal } from "./builtins.ts";
import { enclosingFunction } from "./enclosing-function.ts";
import { PureCalls } from "./pure-calls.ts";
import { PureStatements } from "./pure-statements.ts";
import type { ExpressionPurity, PuritySources } from "./purity-sources.ts";

/** Decides purity. */
export class Purity implements ExpressionPurity {
  readonly #is: PuritySources;
  readonly #calls: PureCalls;
  readonly #statements: PureStatements;

  constructor(sources: PuritySources) {
    this.#is = sources;
    this.#statements = new PureStatements(sources, this);
    this.#calls = new PureCalls(sources, this, this.#statements);
  }

  /** True if evaluating the unit changes nothing outside of its own bindings. */
  isPureUnit(unit: Unit): boolean {
    if (this.#is.program.isHelperUnit(unit)) return true;
    if (unit.kind === "function") return true;
    if (unit.kind === "class") return this.#statements.isPureClass(unit.node);
    if (unit.kind === "variable") return this.#statements.isPureDeclarator(unit.node);
    return this.#statements.isPureStatement(unit.node);
  }

  /** True if evaluating the expression changes nothing and can run no code that does. */
  isPure(node: Node | undefined): boolean {
    if (!node) return true;
    const { values, sdk, program } = this.#is;
    switch (node.type) {
      case "Literal":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
      case "ThisExpression":
      case "MetaProperty":
        return true;
      case "Identifier":
        return program.bindingOf(node) !== null || isKnownGlobal(node["name"] as string);
      case "ClassExpression":
        return this.#statements.isPureClass(node);
      case "TemplateLiteral":
        return parts(node, "expressions").every((inner) => values.isPrimitive(inner) && this.isPure(inner));
      case "ArrayExpression":
        return parts(node, "elements").every((element) => this.isPureElement(element));
      case "ObjectExpression":
        return parts(node, "properties").every((property) => this.#isPureProperty(property));
      case "UnaryExpression":
        return this.#isPureUnary(node);
      case "BinaryExpression":
        return this.#isPureBinary(node);
      case "LogicalExpression":
      case "ConditionalExpression":
      case "SequenceExpression":
        return ["left", "right", "test", "consequent", "alternate"]
          .map((field) => part(node, field))
          .concat(parts(node, "expressions"))
          .every((inner) => this.isPure(inner));
      case "ParenthesizedExpression":
      case "ChainExpression":
        return this.isPure(part(node, "expression"));
      case "MemberExpression":
        return this.#isPureMember(node);
      case "AssignmentExpression":
        return this.#isPureTarget(part(node, "left"), node) && this.#isPureAssigned(node);
      case "UpdateExpression":
        return this.#isPureTarget(part(node, "argument"), node) && values.isPrimitive(part(node, "argument"));
      case "NewExpression":
        return sdk.isCall(node) ? this.#calls.isPureSdkCall(node) : this.#calls.isPureConstruction(node);
      case "CallExpression":
        return sdk.isCall(node) ? this.#calls.isPureSdkCall(node) : this.#calls.isPureCall(node);
      default:
        return false;
    }
  }

  isPureElement(element: Node): boolean {
    if (element.type !== "SpreadElement") return this.isPure(element);
    const spread = part(element, "argument");
    return this.#is.values.isPlainArray(spread) && this.isPure(spread);
  }

  #isPureProperty(property: Node): boolean {
    if (property.type === "SpreadElement") {
      const spread = part(property, "argument");
      return this.#is.values.isPlainObject(spread) && this.isPure(spread);
    }
    return this.isPureKey(property) && this.isPure(part(property, "value"));
  }

  isPureKey(member: Node): boolean {
    if (member["computed"] !== true) return true;
    const key = part(member, "key");
    return this.isPure(key) && (this.#is.values.isPrimitive(key) || isWellKnownSymbol(key));
  }

  #isPureUnary(node: Node): boolean {
    const argument = part(node, "argument");
    if (node["operator"] === "typeof" && argument?.type === "Identifier") return true;
    return (this.#is.values.isPrimitive(node) && this.isPure(argument)) || false;
  }

  #isPureBinary(node: Node): boolean {
    const left = part(node, "left");
    return this.#is.values.isPrimitive(node) && this.isPure(left) && this.isPure(part(node, "right"));
  }

  #isPureMember(node: Node): boolean {
    const { values, sdk, tampering } = this.#is;
    const object = part(node, "object");
    const property = part(node, "property");
    const name = memberName(node);
    if (sdk.isId(node)) return this.isPure(object);
    if (values.isEnvironmentRead(node)) return true;
    if (name === undefined && !(values.isPrimitive(property) && this.isPure(property))) return false;
    const path = values.pathOf(node);
    if (path !== undefined) return isKnownGlobal(path.split(".")[0] as string) && tampering.builtinsPristine;
    if (object?.type === "MetaProperty") return true;
    if (!this.isPure(object)) return false;
    if (values.isPrimitive(object)) return tampering.builtinsPristine;
    if (values.isPlainObject(object)) return tampering.builtinsPristine;
    if (values.isPlainArray(object)) return true;
    return object?.type === "MemberExpression" && this.#isUnwrittenPath(object);
  }

  /** `paths.input` of `const paths = { input: { … } }` if no code writes a property `input`. */
  #isUnwrittenPath(node: Node): boolean {
    const { values, constants, tampering } = this.#is;
    const name = memberName(node);
    const object = constants.resolve(part(node, "object"));
    if (name === undefined || object?.type !== "ObjectExpression" || !tampering.builtinsPristine)
      return false;
    if (tampering.writtenProperties?.has(name) !== false || tampering.definesAccessors) return false;
    // A spread may contain a property with that name.
    if (parts(object, "properties").some((property) => property.type === "SpreadElement")) return false;
    const property = parts(object, "properties").findLast(
      (candidate) => candidate.type === "Property" && memberKey(candidate) === name,
    );
    return values.isPlainObject(part(property, "value")) || values.isPlainArray(part(property, "value"));
  }

  #isPureAssigned(node: Node): boolean {
    const right = part(node, "right");
    if (!this.isPure(right)) return false;
    const operator = node["operator"] as string;
    if (["=", "&&=", "||=", "??="].includes(operator)) return true;
    return this.#is.values.isPrimitive(part(node, "left")) && this.#is.values.isPrimitive(right);
  }

  /** A variable of the same activation: no code outside observes the write. */
  #isPureTarget(target: Node | undefined, at: Node): boolean {
    const binding = target?.type === "Identifier" ? this.#is.program.bindingOf(target) : undefined;
    if (!binding || binding.scope.type === "module" || binding.scope.type === "global") return false;
    const [definition] = binding.defs;
    const declared = definition && enclosingFunction(definition.name as unknown as Node);
    const parameterOf = definition?.type === "Parameter" ? (definition.node as unknown as Node) : undefined;
    return (parameterOf ?? declared ?? null) === enclosingFunction(at);
  }
}

function isWellKnownSymbol(key: Node | undefined): boolean {
  const object = part(key, "object");
  return object?.type === "Identifier" && object["name"] === "Symbol";
}

function memberKey(property: Node): string | undefined {
  const key = part(property, "key");
  if (property["computed"] === true) return undefined;
  const value = key?.type === "Literal" ? key["value"] : key?.["name"];
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}
