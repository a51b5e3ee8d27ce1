// Whether code, when it runs while a Dag file is loaded, does nothing but make its own value. Whatever is
// not known to be so is held to be impure: its statement is then in every hash of the artifact.

import { isClass, isFunction, memberName, part, parts, type Node } from "../program/node.ts";
import type { Program, Unit } from "../program/program.ts";
import { isKnownGlobal, isPureConstructor, isPureOfLiterals, isPureOfPrimitives } from "./builtins.ts";
import type { Constants } from "./constants.ts";
import { isEnumBody } from "./enum-body.ts";
import { enclosingFunction } from "./enclosing-function.ts";
import type { PlainValues } from "./plain-values.ts";
import type { Readable } from "./readable.ts";
import type { SdkObjects } from "./sdk-objects.ts";
import type { Tampering } from "./tampering.ts";

/** What purity is decided from. */
export interface PuritySources {
  readonly program: Program;
  readonly constants: Constants;
  readonly values: PlainValues;
  readonly readable: Readable;
  readonly sdk: SdkObjects;
  readonly tampering: Tampering;
}

const ITERATING = new Set(["flatMap", "forEach", "map"]);

/** Decides purity. */
export class Purity {
  readonly #is: PuritySources;
  readonly #bodies = new Map<Node, boolean>();

  constructor(sources: PuritySources) {
    this.#is = sources;
  }

  /** True when evaluating the unit changes nothing outside of its own bindings. */
  isPureUnit(unit: Unit): boolean {
    if (this.#is.program.isHelperUnit(unit)) return true;
    if (unit.kind === "function") return true;
    if (unit.kind === "class") return this.#isPureClass(unit.node);
    if (unit.kind === "variable") return this.#isPureDeclarator(unit.node);
    return this.#isPureStatement(unit.node);
  }

  /** True when evaluating the expression changes nothing and can run no code that does. */
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
        return this.#isPureClass(node);
      case "TemplateLiteral":
        return parts(node, "expressions").every((inner) => values.isPrimitive(inner) && this.isPure(inner));
      case "ArrayExpression":
        return parts(node, "elements").every((element) => this.#isPureElement(element));
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
        return sdk.isCall(node) ? this.#isPureSdkCall(node) : this.#isPureConstruction(node);
      case "CallExpression":
        return sdk.isCall(node) ? this.#isPureSdkCall(node) : this.#isPureCall(node);
      default:
        return false;
    }
  }

  #isPureElement(element: Node): boolean {
    if (element.type !== "SpreadElement") return this.isPure(element);
    const spread = part(element, "argument");
    return this.#is.values.isPlainArray(spread) && this.isPure(spread);
  }

  #isPureProperty(property: Node): boolean {
    if (property.type === "SpreadElement") {
      const spread = part(property, "argument");
      return this.#is.values.isPlainObject(spread) && this.isPure(spread);
    }
    return this.#isPureKey(property) && this.isPure(part(property, "value"));
  }

  #isPureKey(member: Node): boolean {
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

  /** `paths.input` of `const paths = { input: { … } }` where nothing ever writes a property `input`. */
  #isUnwrittenPath(node: Node): boolean {
    const { values, constants, tampering } = this.#is;
    const name = memberName(node);
    const object = constants.resolve(part(node, "object"));
    if (name === undefined || object?.type !== "ObjectExpression" || !tampering.builtinsPristine)
      return false;
    if (tampering.writtenProperties?.has(name) !== false) return false;
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

  /** A variable of the same activation: nobody outside sees it written. */
  #isPureTarget(target: Node | undefined, at: Node): boolean {
    const binding = target?.type === "Identifier" ? this.#is.program.bindingOf(target) : undefined;
    if (!binding || binding.scope.type === "module" || binding.scope.type === "global") return false;
    const [definition] = binding.defs;
    const declared = definition && enclosingFunction(definition.name as unknown as Node);
    const parameterOf = definition?.type === "Parameter" ? (definition.node as unknown as Node) : undefined;
    return (parameterOf ?? declared ?? null) === enclosingFunction(at);
  }

  #arePure(call: Node): boolean {
    return parts(call, "arguments").every((argument) => this.#isPureElement(argument));
  }

  #isPureSdkCall(call: Node): boolean {
    const { sdk, readable } = this.#is;
    const callee = part(call, "callee");
    const target = callee?.type === "MemberExpression" ? part(callee, "object") : callee;
    if (!this.isPure(target) || !this.#arePure(call)) return false;
    const handler = sdk.handlerOf(call);
    return parts(call, "arguments").every(
      (argument) => argument === handler || readable.isReadable(argument),
    );
  }

  #isPureConstruction(node: Node): boolean {
    const { values, tampering } = this.#is;
    const path = values.pathOf(part(node, "callee")) ?? "";
    if (!tampering.builtinsPristine || !isPureConstructor(path)) return false;
    const accepts = isCollection(path)
      ? (argument: Node) => this.#isListOfMembers(argument)
      : (argument: Node) => this.#isScalar(argument);
    return parts(node, "arguments").every((argument) => this.isPure(argument) && accepts(argument));
  }

  /** What a constructor may make texts and numbers of: an object's own `toString` would run. */
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

  /** A list of a collection's members, which it keeps as they are; of a map's, pairs. */
  #isListOfMembers(node: Node): boolean {
    const { values } = this.#is;
    if (values.isPrimitive(node)) return true;
    if (!values.isPlainArray(node)) return false;
    if (node.type !== "ArrayExpression") return node.type === "CallExpression";
    return parts(node, "elements").every(
      (element) => values.isPrimitive(element) || element.type === "ArrayExpression",
    );
  }

  /** A literal written on the spot: nobody else has it yet. */
  #isFresh(node: Node | undefined): boolean {
    return node?.type === "ObjectExpression" || node?.type === "ArrayExpression";
  }

  #isPureCall(call: Node): boolean {
    const { program, values, constants, tampering } = this.#is;
    const callee = part(call, "callee");
    const args = parts(call, "arguments");
    if (program.unwrap(call) !== call) return this.isPure(args[0]);
    // A lazily evaluated module: what is in it runs when somebody asks for it, who then reaches it.
    if (program.isHelper(callee, "__esm") || program.isHelper(callee, "__commonJS")) return true;
    if (!this.#arePure(call)) return false;
    if (isEnumBody(call, program)) return true;
    if (tampering.builtinsPristine) {
      const path = values.pathOf(callee) ?? "";
      if (isPureOfPrimitives(path) && args.every((argument) => values.isPrimitive(argument))) return true;
      if (path === "Array.isArray") return true;
      if (path === "Object.freeze") return this.#isFresh(args[0]);
      if (isPureOfLiterals(path)) {
        return args.every((argument) => values.isPlainObject(argument) || values.isPlainArray(argument));
      }
      if (values.isPrimitive(call)) return this.isPure(part(callee, "object") ?? callee);
      if (this.#isPureIteration(callee, args)) return true;
    }
    const body = constants.resolve(callee);
    return body !== undefined && isFunction(body) && this.#isPureBody(body);
  }

  /** `[…].map((x) => …)` with a pure body. */
  #isPureIteration(callee: Node | undefined, args: readonly Node[]): boolean {
    const { constants } = this.#is;
    const object = part(callee, "object");
    const [body, ...others] = args;
    return (
      ITERATING.has(memberName(callee) ?? "") &&
      // Any other list could have been given a method of its own.
      constants.elementsOf(object) !== null &&
      this.#is.values.isPlainArray(object) &&
      this.isPure(object) &&
      others.length === 0 &&
      isFunction(body) &&
      this.#isPureBody(body)
    );
  }

  #isPureBody(body: Node): boolean {
    const known = this.#bodies.get(body);
    if (known !== undefined) return known;
    // A function that calls itself is not looked through.
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
          this.isPure(part(parameter, "right"))),
    );
    if (!plainParameters) return false;
    // A generator's body waits for somebody to ask.
    if (body["generator"] === true) return true;
    const block = part(body, "body");
    return block?.type === "BlockStatement" ? this.#isPureStatement(block) : this.isPure(block);
  }

  #isPureClass(node: Node): boolean {
    const superclass = part(node, "superClass");
    if (superclass && !this.#isPureSuperclass(superclass)) return false;
    return parts(part(node, "body"), "body").every((member) => {
      if (member.type === "StaticBlock") {
        return parts(member, "body").every((statement) => this.#isNaming(statement));
      }
      if (!this.#isPureKey(member)) return false;
      return (
        member.type !== "PropertyDefinition" ||
        member["static"] !== true ||
        this.isPure(part(member, "value"))
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

  #isPureDeclarator(node: Node): boolean {
    const init = part(node, "init");
    return this.isPure(init) && this.#isPurePattern(part(node, "id"), init);
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
      return part(target, "left")?.type === "Identifier" && this.isPure(part(target, "right"));
    }
    return target?.type === "Identifier";
  }

  #isPureStatement(node: Node | undefined): boolean {
    if (!node) return true;
    switch (node.type) {
      case "EmptyStatement":
      case "FunctionDeclaration":
      case "BreakStatement":
      case "ContinueStatement":
        return true;
      case "ClassDeclaration":
        return this.#isPureClass(node);
      case "ExpressionStatement":
        return this.#isNaming(node) || this.isPure(part(node, "expression"));
      case "ReturnStatement":
      case "ThrowStatement":
        return this.isPure(part(node, "argument"));
      case "VariableDeclaration":
        return (
          ["var", "let", "const"].includes(node["kind"] as string) &&
          parts(node, "declarations").every((declarator) => this.#isPureDeclarator(declarator))
        );
      case "BlockStatement":
        return parts(node, "body").every((statement) => this.#isPureStatement(statement));
      case "LabeledStatement":
        return this.#isPureStatement(part(node, "body"));
      case "IfStatement":
        return (
          this.isPure(part(node, "test")) &&
          this.#isPureStatement(part(node, "consequent")) &&
          this.#isPureStatement(part(node, "alternate"))
        );
      case "ForStatement": {
        const init = part(node, "init");
        return (
          (init?.type === "VariableDeclaration" ? this.#isPureStatement(init) : this.isPure(init)) &&
          this.isPure(part(node, "test")) &&
          this.isPure(part(node, "update")) &&
          this.#isPureStatement(part(node, "body"))
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
      this.isPure(right) &&
      this.#isPureStatement(part(node, "body"))
    );
  }
}

function isCollection(path: string): boolean {
  return path === "Map" || path === "Set" || path === "WeakMap" || path === "WeakSet";
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
