// Recognizes the SDK's own objects (Dags, task factories, refs) and calls of their methods, which only
// declare.

import {
  isFunction,
  memberName,
  nameOf,
  PARENT,
  part,
  parts,
  pushChildren,
  type Node,
} from "../program/node.ts";
import type { Program } from "../program/program.ts";
import type { Constants } from "./constants.ts";

/** Methods of the SDK's objects; each returns another such object. */
export const METHODS: ReadonlySet<string> = new Set([
  "after",
  "before",
  "case",
  "command",
  "commitWhen",
  "default",
  "else",
  "expand",
  "field",
  "if",
  "minus",
  "partial",
  "plus",
  "sensor",
  "switch",
  "task",
  "taskGroup",
  "then",
  "transaction",
  "triggerDagRun",
  "waitForDagRun",
  "with",
]);

/** Methods of a Bundle. Objects of other code often have such names, so they count only on a known Bundle. */
const BUNDLE_METHODS = new Set(["register", "serve"]);

/** Methods that take a handler, which they store without calling it. */
const TAKES_HANDLER = new Set(["sensor", "task"]);

/** Methods whose first argument is a handler unless it is a ref. */
const DECIDES = new Set(["if", "switch"]);

/** Classes of the SDK: a Dag, and a Bundle, which only stores Dags. */
const CLASSES = new Set(["Bundle", "Dag"]);

/** Functions of the SDK that only create values for a Dag's options. */
const FUNCTIONS = new Set([
  "KEY",
  "approval",
  "context",
  "env",
  "every",
  "hitl",
  "param",
  "triggerDagRun",
  "version",
]);

/** Cache policies that the SDK exports: they are frozen, and their methods only create others. */
const POLICIES = new Set([
  "DATA_INTERVAL",
  "INPUTS",
  "LOGICAL_DATE",
  "MAP_INDEX",
  "PARAMS",
  "RUN_ID",
  "SOURCE",
]);

const IDS = new Set(["dagId", "groupId", "taskId"]);

/** True for a module specifier of the SDK. */
export function isSdkSpecifier(specifier: string): boolean {
  return /^(?:memodag|@memodag\/sdk)(?:\/|$)/.test(specifier);
}

/** Recognizes the SDK's objects. */
export class SdkObjects {
  readonly #program: Program;
  readonly #constants: Constants;
  /** False if code may have changed the SDK's objects: then none is recognized. */
  readonly isTrusted: boolean;
  readonly #known = new Map<Node, boolean>();

  /**
   * @param options `trusted: false` recognizes nothing, for code that may have changed the SDK's objects
   */
  constructor(
    program: Program,
    constants: Constants,
    { trusted = true }: { readonly trusted?: boolean } = {},
  ) {
    this.#program = program;
    this.#constants = constants;
    this.isTrusted = trusted;
  }

  /** True if the expression is certainly a Dag, a factory, a ref or similar. */
  isObject(node: Node | undefined): boolean {
    if (!node || !this.isTrusted) return false;
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    this.#known.set(node, false);
    const answer = this.#decide(node);
    this.#known.set(node, answer);
    return answer;
  }

  /** True for a name of a Dag itself, or of a Bundle. */
  isDag(node: Node | undefined): boolean {
    if (node?.type !== "Identifier" || !this.isObject(node)) return false;
    const binding = this.#program.bindingOf(node);
    const values = binding ? this.#constants.possibleValuesOf(binding) : null;
    return values?.some((value) => value?.type === "NewExpression" || this.isDag(value)) === true;
  }

  /** True for `new Dag(…)`, `new Bundle(…)`, `every(…)`, `param(…)`, and calls of methods and factories. */
  isCall(node: Node): boolean {
    if (!this.isTrusted) return false;
    if (node.type === "NewExpression") return CLASSES.has(this.#sdkNameOf(part(node, "callee")) ?? "");
    if (node.type !== "CallExpression" || node["optional"] === true) return false;
    const callee = part(node, "callee");
    if (FUNCTIONS.has(this.#sdkNameOf(callee) ?? "")) return true;
    if (callee?.type !== "MemberExpression") return this.isObject(callee);
    const name = memberName(callee);
    const isMethod = name !== undefined && (METHODS.has(name) || BUNDLE_METHODS.has(name));
    return isMethod && this.isObject(part(callee, "object"));
  }

  /** True for a read of `dagId`, `groupId` or `taskId`. */
  isId(node: Node): boolean {
    const name = memberName(node);
    return name !== undefined && IDS.has(name) && this.isObject(part(node, "object"));
  }

  /** Returns the argument that is a task's handler. */
  handlerOf(call: Node): Node | undefined {
    const callee = part(call, "callee");
    const name = memberName(callee);
    if (name === undefined || !this.isObject(part(callee, "object"))) return undefined;
    const [first, second] = parts(call, "arguments");
    if (DECIDES.has(name)) return this.isObject(first) ? undefined : first;
    if (!TAKES_HANDLER.has(name)) return undefined;
    return isFunction(this.#constants.resolve(first)) ? first : second;
  }

  /** True for a class of the SDK, or its namespace, where it can be changed or passed on. */
  isEscapingClass(node: Node): boolean {
    const imported = this.#importedFromSdk(node);
    if (imported === undefined || !(CLASSES.has(imported) || imported === "*")) return false;
    const parent = node[PARENT];
    if (parent?.type.startsWith("Import") === true) return false;
    if (imported !== "*") return !isPlainUse(node, parent);
    if (parent?.type !== "MemberExpression" || part(parent, "object") !== node) return true;
    const name = memberName(parent);
    return name === undefined || (CLASSES.has(name) && !isPlainUse(parent, parent[PARENT]));
  }

  #decide(node: Node): boolean {
    if (POLICIES.has(this.#sdkNameOf(node) ?? "")) return true;
    if (node.type === "Identifier") {
      const binding = this.#program.bindingOf(node);
      const values = binding ? this.#constants.possibleValuesOf(binding) : null;
      return values !== null && values.length > 0 && values.every((value) => this.isObject(value));
    }
    if (node.type === "NewExpression") return this.isCall(node);
    return node.type === "CallExpression" && (this.isCall(node) || this.#returnsObject(part(node, "callee")));
  }

  /** True for a function of the artifact that only returns such objects. */
  #returnsObject(callee: Node | undefined): boolean {
    const called = this.#constants.resolve(callee);
    if (!isFunction(called) || called["async"] === true || called["generator"] === true) return false;
    const returned = returnsOf(called);
    return returned.length > 0 && returned.every((value) => this.isObject(value));
  }

  /** Returns the SDK's name of an expression: `Dag`, or `memodag.Dag` for a namespace import. */
  #sdkNameOf(callee: Node | undefined): string | undefined {
    if (callee?.type !== "MemberExpression") return this.#importedFromSdk(callee);
    return this.#importedFromSdk(part(callee, "object")) === "*" ? memberName(callee) : undefined;
  }

  #importedFromSdk(node: Node | undefined): string | undefined {
    const binding = nameOf(node) === undefined || !node ? undefined : this.#program.bindingOf(node);
    const imported = binding ? this.#program.importOf(binding) : undefined;
    return imported && isSdkSpecifier(imported.specifier) ? imported.imported : undefined;
  }
}

function isPlainUse(node: Node, parent: Node | undefined): boolean {
  if (part(parent, "superClass") === node) return true;
  if (parent?.type === "BinaryExpression") return parent["operator"] === "instanceof";
  return parent?.type === "NewExpression" && part(parent, "callee") === node;
}

/** Returns the expressions that a function returns, with `undefined` for an empty return. */
export function returnsOf(called: Node): (Node | undefined)[] {
  const body = part(called, "body");
  if (!body || body.type !== "BlockStatement") return [body];
  const returned: (Node | undefined)[] = [];
  const pending: Node[] = [body];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (isFunction(node)) continue;
    if (node.type === "ReturnStatement") returned.push(part(node, "argument"));
    pushChildren(node, pending);
  }
  return returned;
}
