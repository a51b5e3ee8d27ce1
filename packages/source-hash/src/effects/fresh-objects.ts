// Which objects were made by the code that changes them, so that nothing else has them yet.

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

/** Constructors whose object may be, or show, what they are given. */
const SHOWING = /^(?:.+Array|DataView|Object)$/;
const COPYING = new Set(["Array.from", "Array.of", "Object.create", "Object.fromEntries"]);
/** Methods whose value is a list of their own making. */
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

  /** True when a method of that name is certainly the language's, on an object of the language's. */
  isMethodOfLanguage(name: string): boolean {
    return !this.#own.any && !this.#own.names.has(name);
  }

  /** True for a name under which the artifact's own functions are called as methods. */
  isOwnMethod(name: string): boolean {
    return this.#own.names.has(name);
  }

  /** True for an object of this activation's making: a literal, `new`, `this` of a constructor, or a variable of these. */
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

  /** True for a list, map, set or the like, whose methods are the language's. */
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
    // A view shows the memory that it is given; Object gives back the object that it is given.
    if (SHOWING.test(name)) {
      const [given] = parts(node, "arguments");
      return given === undefined || given.type === "Literal" || given.type === "ArrayExpression";
    }
    return isPureConstructor(name);
  }

  /** False when a constructor on the way may give out an object that is another's. */
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
    // A digest that was just begun.
    if (name === "update" && this.isFresh(object)) return true;
    if (this.#isMadeByNode(callee)) return true;
    const isGlobal = object?.type === "Identifier" && this.#program.bindingOf(object) === null;
    if (isGlobal) {
      if (COPYING.has(`${nameOf(object)}.${name}`)) return true;
      return nameOf(object) === "Object" && name === "assign" && this.isFresh(parts(call, "arguments")[0]);
    }
    return LISTING.has(name) && this.isMethodOfLanguage(name) && this.isOfLanguage(object);
  }

  /** `createHash("sha256")` of Node's. */
  #isMadeByNode(callee: Node | undefined): boolean {
    const root = callee?.type === "MemberExpression" ? part(callee, "object") : callee;
    const binding = root?.type === "Identifier" ? this.#program.bindingOf(root) : undefined;
    const imported = binding ? this.#program.importOf(binding) : undefined;
    const name = memberName(callee) ?? imported?.imported ?? "";
    return (
      imported !== undefined && /^(?:node:)?crypto$/.test(imported.specifier) && /^create[A-Z]/.test(name)
    );
  }

  /** A variable that only ever holds what is fresh, of the activation that asks. */
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
    // A function that the bundler gives a name to is wrapped.
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

  /** `exports`, in the run of the module itself. */
  #isOwnExports(binding: Binding, node: Node): boolean {
    if (!this.#isModuleParameter(binding) || binding.references.some((use) => use.isWrite())) return false;
    return enclosingFunction(node) === (binding.defs[0]?.node as unknown as Node);
  }

  /** `module.exports`, in the run of the module itself, as long as it is nothing of another's. */
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

  /** `this` in a constructor or in a field's initialiser, of a class whose objects are its own. */
  #isConstructed(node: Node): boolean {
    for (let outer = node[PARENT]; outer; outer = outer[PARENT]) {
      if (outer.type === "StaticBlock") return true;
      if (outer.type === "PropertyDefinition") {
        const made = outer[PARENT]?.[PARENT];
        return outer["static"] === true || (made !== undefined && this.constructsOwn(made));
      }
      // An arrow may run when others have the object.
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

/** True where all of what is written goes to the target, and not an element of it. */
function isWhole(target: Node): boolean {
  const parent = target[PARENT];
  if (parent?.type === "VariableDeclarator")
    return part(parent, "id") === target && part(parent, "init") !== undefined;
  return parent?.type === "AssignmentExpression" && part(parent, "left") === target;
}
