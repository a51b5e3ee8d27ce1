// Recognises objects that were created by the code that changes them, so that no other code has them yet.

import { isBuiltin } from "node:module";
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
import { isPureConstructor } from "../purity/builtins.ts";
import type { Constants } from "../purity/constants.ts";
import { enclosingFunction } from "../purity/enclosing-function.ts";
import { isWritten } from "../purity/written.ts";
import { findOwnMethods, type OwnMethods } from "./own-methods.ts";

/** Constructors whose object may be, or expose, their arguments. */
const SHOWING = /^(?:.+Array|DataView|Object)$/;
const COPYING = new Set(["Array.from", "Array.of", "Object.create", "Object.fromEntries"]);
/** Methods that return a new list. */
const LISTING = new Set(
  "concat entries filter flatMap keys map slice split toSorted toReversed values".split(" "),
);

/** Recognises fresh objects. */
export class FreshObjects {
  readonly #program: Program;
  readonly #constants: Constants;
  readonly #asking = new Set<Binding>();
  readonly #own: OwnMethods;

  constructor(program: Program, constants: Constants) {
    this.#program = program;
    this.#constants = constants;
    this.#own = findOwnMethods(program);
  }

  /** True if a method with that name is certainly built in, on a built-in object. */
  isMethodOfLanguage(name: string): boolean {
    return !this.#own.any && !this.#own.names.has(name);
  }

  /** True for a name under which the artifact's own functions are called as methods. */
  isOwnMethod(name: string): boolean {
    return this.#own.names.has(name);
  }

  /**
   * True for an object created by this activation: a literal, `new`, `this` in a constructor, or a
   * variable of these.
   */
  isFresh(node: Node | undefined): boolean {
    const value = this.#program.unwrap(node);
    switch (value?.type) {
      case "ArrayExpression":
      case "ObjectExpression":
      case "ClassExpression":
      case "ArrowFunctionExpression":
      case "FunctionExpression":
        return true;
      case "NewExpression":
        return this.#makes(value);
      case "CallExpression":
        return this.#returnsFresh(value);
      case "ThisExpression":
        return this.#isConstructed(value);
      case "Identifier":
        return this.#isFreshName(value);
      case "MemberExpression":
        return this.#isModuleExports(value);
      default:
        return false;
    }
  }

  /** True for a list, map, set or similar, whose methods are built in. */
  isOfLanguage(node: Node | undefined): boolean {
    const value = this.#constants.resolve(node);
    if (value?.type === "ArrayExpression") return true;
    if (value?.type !== "NewExpression") return false;
    const callee = part(value, "callee");
    const name = nameOf(callee) ?? "";
    return callee !== undefined && this.#program.bindingOf(callee) === null && isPureConstructor(name);
  }

  #makes(node: Node): boolean {
    const callee = part(node, "callee");
    const made = this.#constants.resolve(callee);
    if (isClass(made)) return this.constructsOwn(made);
    if (callee?.type !== "Identifier" || this.#program.bindingOf(callee) !== null) return false;
    const name = nameOf(callee) ?? "";
    // A view exposes the memory that it is given; Object returns its argument if it is an object.
    if (SHOWING.test(name)) {
      const [given] = parts(node, "arguments");
      return given === undefined || given.type === "Literal" || given.type === "ArrayExpression";
    }
    return isPureConstructor(name);
  }

  /** False if a constructor in the chain may return an object created elsewhere. */
  constructsOwn(made: Node): boolean {
    const constructor = parts(part(made, "body"), "body").find((member) => member["kind"] === "constructor");
    const pending = [...parts(part(part(constructor, "value"), "body"), "body")];
    for (let node = pending.pop(); node; node = pending.pop()) {
      if (node.type === "ReturnStatement") return false;
      if (!isFunction(node) && !isClass(node)) pushChildren(node, pending);
    }
    const parent = part(made, "superClass");
    if (!parent) return true;
    const resolved = this.#constants.resolve(parent);
    if (isClass(resolved)) return this.constructsOwn(resolved);
    const binding = parent.type === "Identifier" ? this.#program.bindingOf(parent) : undefined;
    const imported = binding ? this.#program.importOf(binding) : undefined;
    return binding === null || (imported !== undefined && isBuiltin(imported.specifier));
  }

  #returnsFresh(call: Node): boolean {
    const callee = part(call, "callee");
    const object = part(callee, "object");
    const name = memberName(callee);
    if (name === undefined) return this.#isMadeByNode(callee);
    // A digest that was just started.
    if (name === "update" && this.isFresh(object)) return true;
    if (this.#isMadeByNode(callee)) return true;
    const isGlobal = object?.type === "Identifier" && this.#program.bindingOf(object) === null;
    if (isGlobal) {
      if (COPYING.has(`${nameOf(object)}.${name}`)) return true;
      return nameOf(object) === "Object" && name === "assign" && this.isFresh(parts(call, "arguments")[0]);
    }
    return LISTING.has(name) && this.isMethodOfLanguage(name) && this.isOfLanguage(object);
  }

  /** `createHash("sha256")` of Node. */
  #isMadeByNode(callee: Node | undefined): boolean {
    const root = callee?.type === "MemberExpression" ? part(callee, "object") : callee;
    const binding = root?.type === "Identifier" ? this.#program.bindingOf(root) : undefined;
    const imported = binding ? this.#program.importOf(binding) : undefined;
    const name = memberName(callee) ?? imported?.imported ?? "";
    return (
      imported !== undefined && /^(?:node:)?crypto$/.test(imported.specifier) && /^create[A-Z]/.test(name)
    );
  }

  /** A variable that only ever holds fresh values of the current activation. */
  #isFreshName(node: Node): boolean {
    const binding = this.#program.bindingOf(node);
    if (!binding || this.#asking.has(binding)) return false;
    const [definition, ...others] = binding.defs;
    if (!definition || others.length > 0) return false;
    if (this.#isOwnExports(binding, node)) return true;
    if (binding.scope.type === "module" || definition.type !== "Variable") return false;
    if (enclosingFunction(definition.name as unknown as Node) !== enclosingFunction(node)) return false;
    if (part(definition.node as unknown as Node, "id")?.type !== "Identifier") return false;
    this.#asking.add(binding);
    try {
      return binding.references.every(
        (use) =>
          !use.isWrite() ||
          (isWhole(use.identifier as unknown as Node) && this.isFresh(use.writeExpr as unknown as Node)),
      );
    } finally {
      this.#asking.delete(binding);
    }
  }

  /** `exports` and `module` of a CommonJS module: what it fills is its own value. */
  #isModuleParameter(binding: Binding): boolean {
    const [definition] = binding.defs;
    if (definition?.type !== "Parameter") return false;
    let outer = (definition.node as unknown as Node)[PARENT];
    // The bundler wraps functions to keep their names.
    while (
      outer?.type === "CallExpression" ||
      outer?.type === "Property" ||
      outer?.type === "ObjectExpression"
    ) {
      if (outer.type === "CallExpression" && this.#program.isHelper(part(outer, "callee"), "__commonJS"))
        return true;
      outer = outer[PARENT];
    }
    return false;
  }

  /** `exports`, while the module itself runs. */
  #isOwnExports(binding: Binding, node: Node): boolean {
    if (!this.#isModuleParameter(binding) || binding.references.some((use) => use.isWrite())) return false;
    return enclosingFunction(node) === (binding.defs[0]?.node as unknown as Node);
  }

  /** `module.exports`, while the module itself runs, unless it was replaced by another object. */
  #isModuleExports(node: Node): boolean {
    const object = part(node, "object");
    const binding = object?.type === "Identifier" ? this.#program.bindingOf(object) : undefined;
    if (memberName(node) !== "exports" || !object || binding?.name !== "module") return false;
    if (!this.#isOwnExports(binding, object) || this.#asking.has(binding)) return false;
    this.#asking.add(binding);
    try {
      return binding.references.every((use) => {
        const member = (use.identifier as unknown as Node)[PARENT];
        if (memberName(member) !== "exports") return false;
        if (!member || !isWritten(member)) return true;
        return isWhole(member) && this.isFresh(part(member[PARENT], "right"));
      });
    } finally {
      this.#asking.delete(binding);
    }
  }

  /** `this` in a constructor or field initialiser of a class that creates its own objects. */
  #isConstructed(node: Node): boolean {
    for (let outer = node[PARENT]; outer; outer = outer[PARENT]) {
      if (outer.type === "StaticBlock") return true;
      if (outer.type === "PropertyDefinition") {
        const made = outer[PARENT]?.[PARENT];
        return outer["static"] === true || (made !== undefined && this.constructsOwn(made));
      }
      // An arrow function may run when other code has the object.
      if (outer.type === "ArrowFunctionExpression") return false;
      if (!isFunction(outer)) continue;
      const method = outer[PARENT];
      if (method?.type !== "MethodDefinition" || method["kind"] !== "constructor") return false;
      const made = method[PARENT]?.[PARENT];
      return made !== undefined && this.constructsOwn(made);
    }
    return false;
  }
}

/** True if the whole value is assigned to the target, not an element of it. */
function isWhole(target: Node): boolean {
  const parent = target[PARENT];
  if (parent?.type === "VariableDeclarator")
    return part(parent, "id") === target && part(parent, "init") !== undefined;
  return parent?.type === "AssignmentExpression" && part(parent, "left") === target;
}
