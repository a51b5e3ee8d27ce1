// Determines the values that an identifier can have, if the code shows it.

import { contains, isFunction, memberName, nameOf, PARENT, part, parts, type Node } from "../program/node.ts";
import type { Binding, Program, Use } from "../program/program.ts";
import { isWritten } from "./written.ts";

/** A node that is evaluated to a value, or `undefined` for the value of that name. */
export type Possible = Node | undefined;

const READING = new Set(["forEach", "includes", "indexOf", "join", "length", "map", "flatMap"]);

const CALLING_BACK = new Set(["flatMap", "forEach", "map"]);

/** Finds the definitions of names. */
export class Constants {
  readonly #program: Program;
  readonly #definitions = new Map<Binding, Node | undefined>();
  readonly #possible = new Map<Binding, readonly Possible[] | null>();

  constructor(program: Program) {
    this.#program = program;
  }

  /**
   * Returns the single expression, function or class that a node is or refers to; the node itself if it
   * is not a name.
   */
  resolve(node: Node | undefined): Node | undefined {
    const bare = this.#program.unwrap(node);
    if (bare?.type !== "Identifier") return bare;
    const binding = this.#program.bindingOf(bare);
    const definition = binding ? this.definitionOf(binding) : undefined;
    return definition?.type === "Identifier" ? bare : (definition ?? bare);
  }

  /** Returns the definition of a binding that is defined once and never written to after. */
  definitionOf(binding: Binding): Node | undefined {
    if (!this.#definitions.has(binding)) this.#definitions.set(binding, this.#findDefinition(binding));
    return this.#definitions.get(binding);
  }

  #findDefinition(binding: Binding): Node | undefined {
    const [definition, ...others] = binding.defs;
    if (!definition || others.length > 0) return undefined;
    if (binding.references.some((use) => use.isWrite() && !use.init)) return undefined;
    const node = definition.node as unknown as Node;
    if (definition.type === "FunctionName" || definition.type === "ClassName") return node;
    if (definition.type !== "Variable") return undefined;
    return part(node, "id")?.type === "Identifier" ? this.#program.unwrap(part(node, "init")) : undefined;
  }

  /**
   * Returns all possible values of a binding: its single definition, the arguments of all calls if it is
   * the parameter of a function that is only called, or the elements of the literal that a loop or `map`
   * iterates over. `null` if unknown.
   */
  possibleValuesOf(binding: Binding): readonly Possible[] | null {
    const known = this.#possible.get(binding);
    if (known !== undefined) return known;
    this.#possible.set(binding, null);
    const values = this.#findPossible(binding);
    this.#possible.set(binding, values);
    return values;
  }

  /** Returns every call of a function; `null` if it is also used in another way. */
  callsOf(callee: Node): readonly Node[] | null {
    const id = isFunction(callee) && callee.type === "FunctionDeclaration" ? part(callee, "id") : undefined;
    const name = id ?? this.#nameGivenTo(callee);
    const binding = name && this.#program.bindingOf(name);
    if (!binding || this.definitionOf(binding) === undefined) return null;
    const calls: Node[] = [];
    for (const use of binding.references) {
      const identifier = use.identifier as unknown as Node;
      const parent = identifier[PARENT];
      if (use.isWrite() || this.#isHarmless(use)) continue;
      if (parent?.type !== "CallExpression" || part(parent, "callee") !== identifier) return null;
      if (parts(parent, "arguments").some((argument) => argument.type === "SpreadElement")) return null;
      calls.push(parent);
    }
    return calls;
  }

  #nameGivenTo(callee: Node): Node | undefined {
    let declarator = callee[PARENT];
    if (declarator?.type === "CallExpression") declarator = declarator[PARENT];
    if (declarator?.type !== "VariableDeclarator") return undefined;
    return this.#program.unwrap(part(declarator, "init")) === callee ? part(declarator, "id") : undefined;
  }

  /** The bundler's own references to a name, and its export from the Dag file, call nothing. */
  #isHarmless(use: Use): boolean {
    const identifier = use.identifier as unknown as Node;
    const parent = identifier[PARENT];
    if (parent?.type === "ExportSpecifier") return true;
    return parent?.type === "CallExpression" && this.#program.isHelper(part(parent, "callee"), "__name");
  }

  #findPossible(binding: Binding): readonly Possible[] | null {
    const definition = this.definitionOf(binding);
    if (definition) return [definition];
    const [only, ...others] = binding.defs;
    if (!only || others.length > 0) return null;
    if (binding.references.some((use) => use.isWrite() && !use.init)) return null;
    if (only.type === "Parameter") return this.#argumentsFor(only.node as unknown as Node, binding);
    if (only.type === "Variable") return this.#elementsFor(only.node as unknown as Node);
    return null;
  }

  #argumentsFor(callee: Node, binding: Binding): readonly Possible[] | null {
    const index = parts(callee, "params").findIndex(
      (parameter) => this.#program.bindingOf(parameter) === binding,
    );
    if (index < 0) return null;
    const calls = this.callsOf(callee);
    if (calls) return calls.map((call) => parts(call, "arguments")[index]);
    const elements = this.#iteratedBy(callee);
    return index === 0 ? elements : null;
  }

  /** The elements that `[…].map(callee)` or `[…].forEach(callee)` iterates over. */
  #iteratedBy(callee: Node): readonly Possible[] | null {
    const call = callee[PARENT];
    const method = call?.type === "CallExpression" ? part(call, "callee") : undefined;
    if (!call || parts(call, "arguments")[0] !== callee || method?.type !== "MemberExpression") return null;
    const name = nameOf(part(method, "property"));
    if (name !== "map" && name !== "forEach" && name !== "flatMap") return null;
    return this.elementsOf(part(method, "object"));
  }

  #elementsFor(declarator: Node): readonly Possible[] | null {
    const loop = declarator[PARENT]?.[PARENT];
    if (loop?.type !== "ForOfStatement" || part(declarator, "id")?.type !== "Identifier") return null;
    const left = part(loop, "left");
    return left && contains(left, declarator) ? this.elementsOf(part(loop, "right")) : null;
  }

  #isUntouched(name: Node | undefined): boolean {
    const binding = name && this.#program.bindingOf(name);
    if (!binding) return false;
    return binding.references.every((use) => use.init || leavesElements(use.identifier as unknown as Node));
  }

  /**
   * Returns the elements of a list literal, or of a name for one that cannot have been changed, or
   * `null`.
   */
  elementsOf(node: Node | undefined): readonly Possible[] | null {
    const bare = this.#program.unwrap(node);
    const value = this.resolve(bare);
    const frozen = value ? this.#frozenBy(value) : undefined;
    const array = frozen ?? value;
    if (array?.type !== "ArrayExpression") return null;
    if (value !== bare && !frozen && !this.#isUntouched(bare)) return null;
    const elements = array["elements"] as readonly (Node | null)[];
    return elements.some((element) => element?.type === "SpreadElement")
      ? null
      : elements.map((element) => element ?? undefined);
  }

  /** The list in `Object.freeze([…])`. */
  #frozenBy(call: Node): Node | undefined {
    const callee = call.type === "CallExpression" ? part(call, "callee") : undefined;
    const object = part(callee, "object");
    const isObject =
      nameOf(object) === "Object" && object !== undefined && this.#program.bindingOf(object) === null;
    return isObject && memberName(callee) === "freeze" ? parts(call, "arguments")[0] : undefined;
  }
}

/** True for uses of a list's name that do not change its elements. */
function leavesElements(identifier: Node): boolean {
  const parent = identifier[PARENT];
  switch (parent?.type) {
    case "ForOfStatement":
      return part(parent, "right") === identifier;
    case "SpreadElement":
    case "ExportSpecifier":
      return true;
    case "MemberExpression": {
      const name = memberName(parent);
      if (part(parent, "object") !== identifier || name === undefined || !READING.has(name)) return false;
      return !isWritten(parent) && !seesList(parent);
    }
    default:
      return false;
  }
}

/** True for a callback that may receive the list itself as its third argument. */
function seesList(method: Node): boolean {
  const call = method[PARENT];
  if (call?.type !== "CallExpression" || part(call, "callee") !== method) return false;
  const [given] = parts(call, "arguments");
  // The bundler wraps functions to keep their names.
  const callback = given?.type === "CallExpression" ? parts(given, "arguments")[0] : given;
  if (!CALLING_BACK.has(memberName(method) as string) || !callback) return false;
  if (callback.type !== "ArrowFunctionExpression") return true;
  const parameters = parts(callback, "params");
  return parameters.length > 2 || parameters.some((parameter) => parameter.type === "RestElement");
}
