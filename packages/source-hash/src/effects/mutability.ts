// Determines which units hold objects that other code may change, and which functions exist as values.

import {
  isClass,
  isFunction,
  memberName,
  nameOf,
  PARENT,
  part,
  parts,
  pushChildren,
  textOf,
  type Node,
} from "../program/node.ts";
import type { Binding, Program, Unit } from "../program/program.ts";
import type { Constants } from "../purity/constants.ts";
import type { PlainValues } from "../purity/plain-values.ts";
import type { SdkObjects } from "../purity/sdk-objects.ts";
import type { Tampering } from "../purity/tampering.ts";
import { isWritten } from "../purity/written.ts";
import type { FreshObjects } from "./fresh-objects.ts";
import { effectOfGlobal } from "./known-calls.ts";
import { changesThis, isRead, usesThis } from "./object-uses.ts";

/** The inputs for deciding mutability. */
export interface MutabilitySources {
  readonly program: Program;
  readonly constants: Constants;
  readonly values: PlainValues;
  readonly tampering: Tampering;
  readonly sdk: SdkObjects;
  readonly fresh: FreshObjects;
  readonly inert: ReadonlySet<Node>;
}

/** Determines what may change. */
export class Mutability {
  readonly #is: MutabilitySources;
  readonly #known = new Map<Unit, boolean>();
  readonly #values = new Map<Node, boolean>();
  #changesUnknown: boolean | undefined;
  #classesLeak: boolean | undefined;
  #named: ReadonlyMap<Node, ReadonlySet<Binding>> | undefined;

  constructor(sources: MutabilitySources) {
    this.#is = sources;
  }

  /** True unless the values of the unit's names certainly never change, however code uses them. */
  isMutable(unit: Unit): boolean {
    let mutable = this.#known.get(unit);
    if (mutable === undefined) this.#known.set(unit, (mutable = !this.#isFixed(unit)));
    return mutable;
  }

  /** True if a function or class may be held by something other than the name by which it is called. */
  isValue(code: Node): boolean {
    let value = this.#values.get(code);
    if (value === undefined) this.#values.set(code, (value = this.#isValue(code)));
    return value;
  }

  #isValue(code: Node): boolean {
    if (isClass(code) && this.#doClassesLeak()) return true;
    const bindings = this.#bindingsOf(code);
    if (bindings.size === 0) return true;
    return [...bindings].some((binding) =>
      binding.references.some((use) => !use.init && this.#isHeld(use.identifier as unknown as Node)),
    );
  }

  /**
   * The names of a function or a class: its own name inside it, and that of its declaration or variable.
   */
  #bindingsOf(code: Node): ReadonlySet<Binding> {
    const { program } = this.#is;
    if (!this.#named) {
      const named = new Map<Node, Set<Binding>>();
      const all = new Set<Binding>(program.units.flatMap((unit) => unit.bindings));
      for (const identifier of program.identifiers()) {
        const binding = program.bindingOf(identifier);
        if (binding) all.add(binding);
      }
      for (const binding of all) {
        for (const { type, node } of binding.defs) {
          if (type !== "FunctionName" && type !== "ClassName") continue;
          const definition = node as unknown as Node;
          named.set(definition, (named.get(definition) ?? new Set()).add(binding));
        }
      }
      this.#named = named;
    }
    const own = this.#named.get(code) ?? new Set();
    if (code.type === "FunctionDeclaration" || code.type === "ClassDeclaration") return own;
    let holder = code[PARENT];
    if (holder?.type === "CallExpression" && program.unwrap(holder) === code) holder = holder[PARENT];
    const id = holder?.type === "VariableDeclarator" ? part(holder, "id") : undefined;
    const binding = id?.type === "Identifier" ? program.bindingOf(id) : undefined;
    return binding ? new Set([binding, ...own]) : new Set();
  }

  /**
   * True if code accesses a class without naming it: `new this()` in a static method, `this.constructor`,
   * `new.target`.
   */
  #doClassesLeak(): boolean {
    const { program } = this.#is;
    const pending = program.units.filter((unit) => !program.isHelperUnit(unit)).map(({ node }) => node);
    for (let node = pending.pop(); node && this.#classesLeak === undefined; node = pending.pop()) {
      if (this.#leaksClass(node)) this.#classesLeak = true;
      pushChildren(node, pending);
    }
    return (this.#classesLeak ??= false);
  }

  #leaksClass(node: Node): boolean {
    const user = node[PARENT];
    if (node.type === "MetaProperty")
      return nameOf(part(node, "meta")) === "new" && user?.type !== "MemberExpression";
    if (node.type === "Property" && user?.type === "ObjectPattern")
      return nameOf(part(node, "key")) === "constructor";
    if (memberName(node) === "constructor") return true;
    if (node.type !== "ThisExpression" || !isInFunction(node)) return false;
    if (user?.type === "CallExpression" && this.#is.program.isHelper(part(user, "callee"), "__name"))
      return false;
    return user?.type !== "MemberExpression" || part(user, "object") !== node;
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

  /** `C.of(…)` does not hold it; `f.call` and `C.prototype` do. */
  #isHeldByMember(member: Node): boolean {
    const name = memberName(member);
    return name === undefined || ["apply", "bind", "call", "prototype"].includes(name);
  }

  #isFixed(unit: Unit): boolean {
    const { program, values, sdk } = this.#is;
    // Only the bundler's own code uses its functions.
    if (program.isHelperUnit(unit)) return true;
    if (unit.kind === "statement") return unit.bindings.length === 0;
    if (unit.bindings.some((binding) => isRewritten(binding))) return false;
    const code = unit.kind === "variable" ? program.unwrap(part(unit.node, "init")) : unit.node;
    if (isFunction(code)) return !this.#hasProperties(unit, code);
    if (isClass(code)) return !this.#hasProperties(unit, code) && this.#hasFixedStatics(code);
    if (part(unit.node, "id")?.type !== "Identifier") return false;
    // Only the SDK changes its own objects.
    if (!code || values.isPrimitive(code) || sdk.isObject(code)) return true;
    return this.#isFixedLiteral(code) || this.#isReadOnly(unit, code);
  }

  /** True if properties of a function may be set. */
  #hasProperties(unit: Unit, code: Node): boolean {
    const isSet = [...new Set([...unit.bindings, ...this.#bindingsOf(code)])].some((binding) =>
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

  /** A literal of primitive values and functions that is only read. */
  #isReadOnly(unit: Unit, code: Node): boolean {
    const { program, values } = this.#is;
    const held = this.#valuesOf(code);
    if (!held) return false;
    for (const value of held) {
      const made = program.unwrap(value);
      if (values.isPrimitive(made)) continue;
      // A function in it may receive properties.
      if (!isFunction(made) || usesThis(made) || this.#mayChangeAny()) return false;
    }
    const keys = new Set(
      parts(code, "properties").map(
        (property) => nameOf(part(property, "key")) ?? textOf(part(property, "key")),
      ),
    );
    return unit.bindings.every((binding) =>
      binding.references.every((use) => use.init === true || isRead(use.identifier as unknown as Node, keys)),
    );
  }

  /** True if some code sets properties of an unknown object. */
  #mayChangeAny(): boolean {
    if (this.#changesUnknown !== undefined) return this.#changesUnknown;
    const { program, tampering } = this.#is;
    let changes = tampering.definers.some((call) => this.#isUnknown(parts(call, "arguments")[0]));
    const pending = program.units.filter((unit) => !program.isHelperUnit(unit)).map(({ node }) => node);
    for (let node = pending.pop(); node && !changes; node = pending.pop()) {
      if (node.type === "MemberExpression" && isWritten(node))
        changes = this.#isUnknown(part(node, "object"));
      if (node.type === "MemberExpression") changes ||= this.#isChanging(node);
      pushChildren(node, pending);
    }
    return (this.#changesUnknown = changes);
  }

  /** `Object.freeze(f)`, or `Object.freeze` as a value. */
  #isChanging(member: Node): boolean {
    const path = this.#is.values.pathOf(member);
    if (path === undefined || effectOfGlobal(path) !== "changes_argument") return false;
    const call = member[PARENT];
    if (call?.type !== "CallExpression" || part(call, "callee") !== member) return true;
    return this.#isUnknown(parts(call, "arguments")[0]);
  }

  #isUnknown(object: Node | undefined): boolean {
    const { fresh, constants } = this.#is;
    if (fresh.isFresh(object)) return false;
    if (object?.type === "ThisExpression") return isInFunction(object);
    const value = constants.resolve(object);
    if (value?.type === "NewExpression") {
      const made = constants.resolve(part(value, "callee"));
      return isClass(made) ? !fresh.constructsOwn(made) : isFunction(made);
    }
    return !["ArrayExpression", "ObjectExpression", "ClassDeclaration"].includes(value?.type ?? "");
  }
}

function isRewritten(binding: Binding): boolean {
  return binding.references.some((use) => use.isWrite() && !use.init);
}

/**
 * `this` of a plain function or a static method may be a function; in another method it is an instance.
 */
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
