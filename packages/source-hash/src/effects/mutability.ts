// Which units hold what other code may change, and which functions are there as values.

import {
  isClass,
  isFunction,
  memberName,
  PARENT,
  part,
  parts,
  pushChildren,
  type Node,
} from "../program/node.ts";
import type { Binding, Program, Unit } from "../program/program.ts";
import type { Constants } from "../purity/constants.ts";
import type { PlainValues } from "../purity/plain-values.ts";
import type { SdkObjects } from "../purity/sdk-objects.ts";
import type { Tampering } from "../purity/tampering.ts";
import { isWritten } from "../purity/written.ts";
import type { FreshObjects } from "./fresh-objects.ts";
import { MUTATORS } from "./known-calls.ts";

/** What mutability is decided from. */
export interface MutabilitySources {
  readonly program: Program;
  readonly constants: Constants;
  readonly values: PlainValues;
  readonly tampering: Tampering;
  readonly sdk: SdkObjects;
  readonly fresh: FreshObjects;
  readonly inert: ReadonlySet<Node>;
}

/** Decides what may change. */
export class Mutability {
  readonly #is: MutabilitySources;
  readonly #known = new Map<Unit, boolean>();
  #changesUnknown: boolean | undefined;

  constructor(sources: MutabilitySources) {
    this.#is = sources;
  }

  /** True unless what the unit's names stand for stays as it was made, however code uses it. */
  isMutable(unit: Unit): boolean {
    let mutable = this.#known.get(unit);
    if (mutable === undefined) this.#known.set(unit, (mutable = !this.#isFixed(unit)));
    return mutable;
  }

  /** True when a function or class may be held by something else than the name that it is called by. */
  isValue(code: Node): boolean {
    const named = this.#nameOf(code);
    const binding = named && this.#is.program.bindingOf(named);
    if (!binding) return true;
    return binding.references.some((use) => !use.init && this.#isHeld(use.identifier as unknown as Node));
  }

  #nameOf(code: Node): Node | undefined {
    if (code.type === "FunctionDeclaration" || code.type === "ClassDeclaration") return part(code, "id");
    let holder = code[PARENT];
    if (holder?.type === "CallExpression" && this.#is.program.unwrap(holder) === code)
      holder = holder[PARENT];
    return holder?.type === "VariableDeclarator" ? part(holder, "id") : undefined;
  }

  #isHeld(identifier: Node): boolean {
    const { program, inert } = this.#is;
    const parent = identifier[PARENT];
    if (inert.has(identifier)) return false;
    switch (parent?.type) {
      case "CallExpression":
        return part(parent, "callee") !== identifier && !program.isHelper(part(parent, "callee"), "__name");
      case "NewExpression":
        return part(parent, "callee") !== identifier;
      case "ClassDeclaration":
      case "ClassExpression":
        return part(parent, "superClass") !== identifier;
      case "BinaryExpression":
        return parent["operator"] !== "instanceof";
      case "MemberExpression":
        return part(parent, "object") !== identifier || this.#isHeldByMember(parent);
      case "ExportSpecifier":
      case "ExportDefaultDeclaration":
        return false;
      default:
        return true;
    }
  }

  /** `C.of(…)` holds nothing of it; `f.call` and `C.prototype` do. */
  #isHeldByMember(member: Node): boolean {
    const name = memberName(member);
    return name === undefined || ["apply", "bind", "call", "prototype"].includes(name);
  }

  #isFixed(unit: Unit): boolean {
    const { program, values, sdk } = this.#is;
    if (program.isHelperUnit(unit) || unit.kind === "statement") return unit.bindings.length === 0;
    if (unit.bindings.some((binding) => isRewritten(binding))) return false;
    const code = unit.kind === "variable" ? program.unwrap(part(unit.node, "init")) : unit.node;
    if (isFunction(code)) return !this.#hasProperties(unit, code);
    if (isClass(code)) return !this.#hasProperties(unit, code) && this.#hasFixedStatics(code);
    if (part(unit.node, "id")?.type !== "Identifier") return false;
    // Nothing but the SDK changes its own.
    if (!code || values.isPrimitive(code) || sdk.isObject(code)) return true;
    return this.#isFixedLiteral(code) || this.#isReadOnly(unit, code);
  }

  /** True when properties of a function may be set. */
  #hasProperties(unit: Unit, code: Node): boolean {
    const isSet = unit.bindings.some((binding) =>
      binding.references.some((use) => {
        const member = (use.identifier as unknown as Node)[PARENT];
        if (member?.type !== "MemberExpression" || part(member, "object") !== (use.identifier as unknown))
          return false;
        return isWritten(member) || memberName(member) === undefined || memberName(member) === "prototype";
      }),
    );
    return isSet || (this.isValue(code) && this.#mayChangeAny());
  }

  #hasFixedStatics(code: Node): boolean {
    return parts(part(code, "body"), "body").every((member) => {
      if (member.type === "StaticBlock")
        return parts(member, "body").every((statement) => this.#isNaming(statement));
      if (member["static"] !== true) return true;
      const value = this.#is.program.unwrap(part(member, "value"));
      if (member.type === "PropertyDefinition")
        return !value || isFunction(value) || this.#is.values.isPrimitive(value) ? !changesThis(code) : false;
      return !value || !changesThis(value);
    });
  }

  #isNaming(statement: Node): boolean {
    const call = part(statement, "expression");
    return call?.type === "CallExpression" && this.#is.program.isHelper(part(call, "callee"), "__name");
  }

  /** A frozen literal of primitive values. */
  #isFixedLiteral(node: Node): boolean {
    const { values } = this.#is;
    if (node.type !== "CallExpression" || values.pathOf(part(node, "callee")) !== "Object.freeze")
      return false;
    const [literal] = parts(node, "arguments");
    return (
      literal !== undefined && this.#valuesOf(literal)?.every((value) => values.isPrimitive(value)) === true
    );
  }

  #valuesOf(literal: Node): readonly Node[] | null {
    if (literal.type === "ArrayExpression") {
      const elements = parts(literal, "elements");
      return elements.some(({ type }) => type === "SpreadElement") ? null : elements;
    }
    if (literal.type !== "ObjectExpression") return null;
    const properties = parts(literal, "properties");
    if (properties.some((property) => property.type === "SpreadElement" || property["kind"] !== "init"))
      return null;
    return properties.map((property) => part(property, "value")).filter((value) => value !== undefined);
  }

  /** A literal of primitive values and functions that is only ever read. */
  #isReadOnly(unit: Unit, code: Node): boolean {
    const { program, values } = this.#is;
    const held = this.#valuesOf(code);
    const isFlat =
      held?.every((value) => values.isPrimitive(value) || isFunction(program.unwrap(value))) === true;
    if (
      !isFlat ||
      held.some((value) => isFunction(program.unwrap(value)) && usesThis(program.unwrap(value) as Node))
    )
      return false;
    return unit.bindings.every((binding) =>
      binding.references.every((use) => use.init === true || isRead(use.identifier as unknown as Node)),
    );
  }

  /** True when some code sets properties of an object that cannot be told. */
  #mayChangeAny(): boolean {
    if (this.#changesUnknown !== undefined) return this.#changesUnknown;
    const { program, tampering } = this.#is;
    let changes = tampering.definers.some((call) => this.#isUnknown(parts(call, "arguments")[0]));
    const pending = program.units.filter((unit) => !program.isHelperUnit(unit)).map(({ node }) => node);
    for (let node = pending.pop(); node && !changes; node = pending.pop()) {
      if (node.type === "MemberExpression" && isWritten(node))
        changes = this.#isUnknown(part(node, "object"));
      pushChildren(node, pending);
    }
    return (this.#changesUnknown = changes);
  }

  #isUnknown(object: Node | undefined): boolean {
    const { fresh, constants } = this.#is;
    if (fresh.isFresh(object)) return false;
    if (object?.type === "ThisExpression") return isInFunction(object);
    const literal = constants.resolve(object)?.type ?? "";
    return !["ArrayExpression", "ObjectExpression", "NewExpression", "ClassDeclaration"].includes(literal);
  }
}

function isRewritten(binding: Binding): boolean {
  return binding.references.some((use) => use.isWrite() && !use.init);
}

/** `this` of a plain function or of a static method may be a function; of another method it is an instance. */
function isInFunction(node: Node): boolean {
  for (let outer = node[PARENT]; outer; outer = outer[PARENT]) {
    if (outer.type === "MethodDefinition" || outer.type === "PropertyDefinition")
      return outer["static"] === true;
    if (
      isFunction(outer) &&
      outer.type !== "ArrowFunctionExpression" &&
      outer[PARENT]?.type !== "MethodDefinition"
    )
      return true;
  }
  return true;
}

function changesThis(code: Node): boolean {
  return some(code, (node) => {
    if (node.type !== "MemberExpression") return false;
    let root: Node | undefined = node;
    while (root?.type === "MemberExpression") root = part(root, "object");
    if (root?.type !== "ThisExpression") return false;
    return isWritten(node) || MUTATORS.has(memberName(node) ?? "");
  });
}

function usesThis(code: Node): boolean {
  return code.type !== "ArrowFunctionExpression" && some(code, (node) => node.type === "ThisExpression");
}

function some(root: Node, test: (node: Node) => boolean): boolean {
  const pending: Node[] = [root];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (test(node)) return true;
    pushChildren(node, pending);
  }
  return false;
}

const READING = new Set(
  "at entries every filter find findIndex flatMap forEach has includes indexOf join keys length map reduce slice some values".split(
    " ",
  ),
);

/** `table.name`, `list.map((x) => …)`, `{ ...defaults }`: the object itself goes nowhere. */
function isRead(identifier: Node): boolean {
  const parent = identifier[PARENT];
  if (parent?.type === "SpreadElement" || parent?.type === "ExportSpecifier") return true;
  if (parent?.type === "ForOfStatement") return part(parent, "right") === identifier;
  if (parent?.type !== "MemberExpression" || part(parent, "object") !== identifier || isWritten(parent))
    return false;
  const call = parent[PARENT];
  if (call?.type !== "CallExpression" || part(call, "callee") !== parent) return true;
  const name = memberName(parent);
  if (name === undefined || MUTATORS.has(name)) return false;
  if (!READING.has(name)) return true;
  // Callbacks of lists are given the list as well.
  return parts(call, "arguments").every((argument) => {
    const callback = argument.type === "CallExpression" ? parts(argument, "arguments")[0] : argument;
    if (!isFunction(callback)) return argument.type === "Literal";
    return (
      callback.type === "ArrowFunctionExpression" &&
      parts(callback, "params").length <= (name === "reduce" ? 3 : 2)
    );
  });
}
