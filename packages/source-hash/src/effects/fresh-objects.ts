// Which objects were made by the code that changes them, so that nothing else has them yet.

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

  constructor(program: Program, constants: Constants) {
    this.#program = program;
    this.#constants = constants;
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
        return isConstructed(value);
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
    if (isClass(made)) return this.#constructsOwn(made);
    return (
      callee?.type === "Identifier" &&
      this.#program.bindingOf(callee) === null &&
      isPureConstructor(nameOf(callee) ?? "")
    );
  }

  /** False when a constructor on the way may give out an object that is another's. */
  #constructsOwn(made: Node): boolean {
    const constructor = parts(part(made, "body"), "body").find((member) => member["kind"] === "constructor");
    const pending = [...parts(part(part(constructor, "value"), "body"), "body")];
    for (let node = pending.pop(); node; node = pending.pop()) {
      if (node.type === "ReturnStatement") return false;
      if (!isFunction(node) && !isClass(node)) pushChildren(node, pending);
    }
    const parent = part(made, "superClass");
    if (!parent) return true;
    const resolved = this.#constants.resolve(parent);
    if (isClass(resolved)) return this.#constructsOwn(resolved);
    return parent.type === "Identifier" && this.#program.bindingOf(parent) === null;
  }

  #returnsFresh(call: Node): boolean {
    const callee = part(call, "callee");
    const object = part(callee, "object");
    const name = memberName(callee);
    if (name === undefined) return false;
    const isGlobal = object?.type === "Identifier" && this.#program.bindingOf(object) === null;
    if (isGlobal) {
      if (COPYING.has(`${nameOf(object)}.${name}`)) return true;
      return nameOf(object) === "Object" && name === "assign" && this.isFresh(parts(call, "arguments")[0]);
    }
    return LISTING.has(name) && this.isOfLanguage(object);
  }

  /** A variable that only ever holds what is fresh, of the activation that asks. */
  #isFreshName(node: Node): boolean {
    const binding = this.#program.bindingOf(node);
    if (!binding || this.#asking.has(binding)) return false;
    const [definition, ...others] = binding.defs;
    if (!definition || others.length > 0) return false;
    if (this.#isModuleParameter(binding)) return true;
    if (binding.scope.type === "module" || definition.type !== "Variable") return false;
    if (enclosingFunction(definition.name as unknown as Node) !== enclosingFunction(node)) return false;
    if (part(definition.node as unknown as Node, "id")?.type !== "Identifier") return false;
    this.#asking.add(binding);
    try {
      return binding.references.every(
        (use) => !use.isWrite() || this.isFresh(use.writeExpr as unknown as Node),
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

  #isModuleExports(node: Node): boolean {
    const object = part(node, "object");
    const binding = object?.type === "Identifier" ? this.#program.bindingOf(object) : undefined;
    return memberName(node) === "exports" && binding?.name === "module" && this.#isModuleParameter(binding);
  }
}

/** `this` in a constructor or in a field's initialiser, arrows in it included. */
function isConstructed(node: Node): boolean {
  for (let outer = node[PARENT]; outer; outer = outer[PARENT]) {
    if (outer.type === "PropertyDefinition" || outer.type === "StaticBlock") return true;
    // An arrow may run when others have the object.
    if (outer.type === "ArrowFunctionExpression") return false;
    if (!isFunction(outer)) continue;
    return outer[PARENT]?.type === "MethodDefinition" && outer[PARENT]["kind"] === "constructor";
  }
  return false;
}
