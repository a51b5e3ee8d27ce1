// Finds where code holds built-in functions that change something, and iterators, as values: calling or
// iterating them later may change the objects they belong to.

import { isFunction, memberName, nameOf, PARENT, part, parts, textOf, type Node } from "../program/node.ts";
import { enclosingFunction } from "../purity/enclosing-function.ts";
import { isWritten } from "../purity/written.ts";
import type { Program } from "../program/program.ts";
import type { Constants } from "../purity/constants.ts";
import type { PlainValues } from "../purity/plain-values.ts";
import type { FreshObjects } from "./fresh-objects.ts";
import {
  CHANGING_ARGUMENTS,
  DEFERRING,
  effectOfGlobal,
  GOING_THROUGH,
  ITERATORS,
  MUTATORS,
  TAKING,
} from "./known-calls.ts";

const COLLECTIONS = new Set("Map Set WeakMap WeakSet Int8Array Uint8Array URLSearchParams".split(" "));
/** Members of `process` that are not objects. */
const PLAIN = new Set("arch execPath exitCode pid platform ppid title version".split(" "));

/** The inputs for finding such values. */
interface HeldSources {
  readonly program: Program;
  readonly constants: Constants;
  readonly values: PlainValues;
  readonly fresh: FreshObjects;
}

/** Recognises such values. */
export class HeldValues {
  readonly #is: HeldSources;

  constructor(sources: HeldSources) {
    this.#is = sources;
  }

  /**
   * True for `list.push` that is not called there, `{ push } = list`, and functions that resolve a
   * promise.
   */
  isChanger(node: Node): boolean {
    switch (node.type) {
      case "MemberExpression":
        return !isCalled(node) && !isWritten(node) && this.#namesChanger(node);
      case "Property":
        return node[PARENT]?.type === "ObjectPattern" && isChanging(nameOf(part(node, "key")) ?? "");
      case "NewExpression":
        return this.#is.values.pathOf(part(node, "callee")) === "Promise" && this.#keepsResolver(node);
      case "CallExpression":
        return memberName(part(node, "callee")) === "withResolvers";
      default:
        return false;
    }
  }

  #namesChanger(member: Node): boolean {
    const path = this.#is.values.pathOf(member);
    if (path !== undefined) {
      if (/^(?:Symbol|process|Number|Math)\./.test(path)) return path === "process.on";
      return effectOfGlobal(path) !== "harmless";
    }
    const name = memberName(member);
    if (name !== undefined) return isChanging(name);
    // A name that is computed.
    return ["BinaryExpression", "TemplateLiteral"].includes(part(member, "property")?.type ?? "")
      ? hasText(part(member, "property"))
      : false;
  }

  /** False if a promise's own code calls the function that resolves it, at once or by a timer. */
  #keepsResolver(made: Node): boolean {
    const [given] = parts(made, "arguments");
    const executor = this.#is.constants.resolve(given);
    if (!isFunction(executor)) return true;
    return parts(executor, "params").some((parameter) => {
      const binding = this.#is.program.bindingOf(parameter);
      if (!binding) return true;
      return binding.references.some(
        (use) => !this.#isCalledThere(use.identifier as unknown as Node, executor),
      );
    });
  }

  #isCalledThere(identifier: Node, executor: Node): boolean {
    const call = identifier[PARENT];
    if (call?.type !== "CallExpression") return false;
    const isDeferred = DEFERRING.has(this.#is.values.pathOf(part(call, "callee")) ?? "");
    if (part(call, "callee") !== identifier && !isDeferred) return false;
    const around = enclosingFunction(identifier);
    if (around === executor) return true;
    const outer = around?.[PARENT];
    return (
      outer?.type === "CallExpression" &&
      enclosingFunction(outer) === executor &&
      DEFERRING.has(this.#is.values.pathOf(part(outer, "callee")) ?? "")
    );
  }

  /** True for a call that creates an iterator without iterating it there. */
  isIterator(node: Node): boolean {
    if (node.type !== "CallExpression") return false;
    const callee = part(node, "callee");
    const isSymbol =
      callee?.type === "MemberExpression" && nameOf(part(part(callee, "property"), "object")) === "Symbol";
    const called = this.#is.constants.resolve(callee);
    if (isFunction(called) && called["generator"] === true) return true;
    if (!isSymbol && !ITERATORS.has(memberName(callee) ?? "")) return false;
    if (nameOf(part(callee, "object")) === "Object") return false;
    return !this.#isGoneThrough(node);
  }

  #isGoneThrough(made: Node): boolean {
    const user = made[PARENT];
    if (user?.type === "SpreadElement") return true;
    if (user?.type === "ForOfStatement") return part(user, "right") === made;
    if (user?.type === "NewExpression") return true;
    if (user?.type === "MemberExpression") return part(user, "object") === made;
    return (
      user?.type === "CallExpression" && GOING_THROUGH.has(this.#is.values.pathOf(part(user, "callee")) ?? "")
    );
  }

  /** True if a possible iterator is iterated. */
  iterates(node: Node): boolean {
    switch (node.type) {
      case "ForOfStatement":
        return this.#mayBeIterator(part(node, "right"));
      case "SpreadElement":
        return node[PARENT]?.type !== "ObjectExpression" && this.#mayBeIterator(part(node, "argument"));
      case "YieldExpression":
        return node["delegate"] === true;
      case "ArrayPattern":
        return true;
      case "NewExpression": {
        const [given] = parts(node, "arguments");
        return (
          COLLECTIONS.has(nameOf(part(node, "callee")) ?? "") &&
          given !== undefined &&
          this.#mayBeIterator(given)
        );
      }
      case "CallExpression": {
        const callee = part(node, "callee");
        if (GOING_THROUGH.has(this.#is.values.pathOf(callee) ?? ""))
          return this.#mayBeIterator(parts(node, "arguments")[0]);
        return TAKING.has(memberName(callee) ?? "") && this.#mayBeIterator(part(callee, "object"));
      }
      default:
        return false;
    }
  }

  #mayBeIterator(node: Node | undefined): boolean {
    return !this.#is.fresh.isOfLanguage(node) && node?.type !== "ArrayExpression" && node?.type !== "Literal";
  }

  /** `process.env` as a value: other code may change its content. */
  isOfGlobal(node: Node): boolean {
    if (node.type !== "MemberExpression") return false;
    const path = this.#is.values.pathOf(node) ?? "";
    if (!path.startsWith("process.") || PLAIN.has(path.slice("process.".length))) return false;
    const user = node[PARENT];
    if (isCalled(node) || user?.type === "SpreadElement") return false;
    return user?.type !== "MemberExpression" || part(user, "object") !== node;
  }

  /** True for a search pattern that keeps no position of its own. */
  isStateless(node: Node): boolean {
    const value = this.#is.constants.resolve(node);
    if (value?.type === "TemplateLiteral") return true;
    if (value?.type !== "Literal") return this.#is.values.isPrimitive(node);
    const regex = value["regex"] as { readonly flags: string } | undefined;
    return regex === undefined || value === node || !/[gy]/.test(regex.flags);
  }
}

function isChanging(name: string): boolean {
  return MUTATORS.has(name) || CHANGING_ARGUMENTS.has(name) || /^set[A-Z]/.test(name);
}

function isCalled(node: Node): boolean {
  const user = node[PARENT];
  return user?.type === "CallExpression" && part(user, "callee") === node;
}

/** `"pu" + "sh"` may be a method's name; `index + 1` may not. */
function hasText(node: Node | undefined): boolean {
  if (node?.type === "TemplateLiteral") return true;
  if (node?.type !== "BinaryExpression") return textOf(node) !== undefined;
  return node["operator"] === "+" && (hasText(part(node, "left")) || hasText(part(node, "right")));
}
