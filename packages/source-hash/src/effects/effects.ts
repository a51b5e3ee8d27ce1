// Determines what a top-level statement may change: nothing, objects of the artifact that it reaches, or
// unknown.

import {
  isClass,
  isFunction,
  memberName,
  nameOf,
  PARENT,
  part,
  pushChildren,
  textOf,
  type Node,
} from "../program/node.ts";
import type { Program, Unit } from "../program/program.ts";
import type { Constants } from "../purity/constants.ts";
import type { Tampering } from "../purity/tampering.ts";
import type { Piece } from "./code-facts.ts";
import type { CodeReader } from "./code-reader.ts";
import type { Mutability } from "./mutability.ts";

/** The effect of evaluating a unit. */
export type Effect =
  | { readonly kind: "none" }
  /** Objects that some units hold: it affects code that reaches one of them. */
  | { readonly kind: "objects"; readonly units: ReadonlySet<Unit>; readonly defers: boolean }
  /** It may affect any code. */
  | { readonly kind: "unknown"; readonly reason: string };

/** The inputs for finding effects. */
export interface EffectSources {
  readonly program: Program;
  readonly reader: CodeReader;
  readonly mutability: Mutability;
  readonly tampering: Tampering;
  readonly constants: Constants;
}

/** Names that the language itself calls. */
const IMPLICIT: ReadonlySet<string> = new Set([
  "handleEvent",
  "has",
  "keys",
  "toJSON",
  "toString",
  "valueOf",
  "then",
  "next",
  "return",
  "throw",
  "",
]);

/** Names that it calls on a proxy's handler. */
const TRAPS = [
  "apply construct defineProperty deleteProperty get getOwnPropertyDescriptor getPrototypeOf has isExtensible",
  "ownKeys preventExtensions set setPrototypeOf",
].flatMap((line) => line.split(" "));

/** Determines effects. */
export class Effects {
  readonly #is: EffectSources;
  readonly #functions = new Map<Unit, readonly Node[]>();
  /** Names that the language calls, given what the artifact creates. */
  readonly #implicit: ReadonlySet<string>;
  /** Names of properties that are read as values. */
  readonly #valueNames: ReadonlySet<string>;
  /** Functions that any unit may run while the file is loaded: functions defined in them may exist. */
  readonly #ever: ReadonlySet<Piece>;

  constructor(sources: EffectSources) {
    this.#is = sources;
    const { hasTraps, valueNames } = findNamesInUse(sources.program);
    this.#implicit = hasTraps ? new Set([...IMPLICIT, ...TRAPS]) : IMPLICIT;
    this.#valueNames = valueNames;
    const units = sources.program.units.filter((unit) => !sources.program.isHelperUnit(unit));
    this.#ever = this.#run(units, units, null);
  }

  /** @param reach every unit whose code or objects the unit can access, including itself */
  of(unit: Unit, reach: ReadonlySet<Unit>): Effect {
    const { reader, tampering, mutability } = this.#is;
    if (!tampering.builtinsPristine) {
      return { kind: "unknown", reason: "the language's own objects may have been changed" };
    }
    const executed = this.#run([unit], reach, this.#ever);
    let writes = false;
    let callsValues = false;
    let callsForeign = false;
    let iterates = false;
    let defers = false;
    for (const piece of executed) {
      const facts = reader.factsOf(piece);
      if (facts.reason !== null) return { kind: "unknown", reason: facts.reason };
      writes ||= facts.writes;
      callsValues ||= facts.callsValues;
      callsForeign ||= facts.callsForeign;
      iterates ||= facts.iterates;
      defers ||= facts.defers;
    }
    // A called value may be a built-in method, and an iterated value an iterator.
    writes ||= callsValues && this.#holds(reach, "holdsChanger");
    writes ||= iterates && this.#holds(reach, "makesIterator");
    // A value of a package may be called or changed.
    const foreign = writes || callsValues || callsForeign ? this.#foreignOf(reach) : null;
    if (foreign !== null) return { kind: "unknown", reason: `it may call or change what is of "${foreign}"` };
    if (!writes) return { kind: "none" };
    const units = new Set([...reach].filter((reached) => mutability.isMutable(reached)));
    return { kind: "objects", units, defers };
  }

  /** True if other code may run while the unit waits. */
  waits(unit: Unit): boolean {
    return this.#is.reader.factsOf(unit).waits;
  }

  /** True if a fact holds for code of one of the units, as far as it may run. */
  #holds(reach: ReadonlySet<Unit>, fact: "anyName" | "anyValue" | "holdsChanger" | "makesIterator"): boolean {
    const { reader } = this.#is;
    for (const unit of reach) {
      if (reader.factsOf(unit)[fact]) return true;
      for (const node of this.#functionsOf(unit)) {
        if (this.#ever.has(node) && reader.factsOf(node)[fact]) return true;
      }
    }
    return false;
  }

  #foreignOf(reach: ReadonlySet<Unit>): string | null {
    const { reader } = this.#is;
    for (const unit of reach) {
      const { foreign } = reader.factsOf(unit);
      if (foreign !== null) return foreign;
      for (const node of this.#functionsOf(unit)) {
        const inner = this.#ever.has(node) ? reader.factsOf(node).foreign : null;
        if (inner !== null) return inner;
      }
    }
    return null;
  }

  /**
   * Everything that may run when `roots` do: functions called by name, by property name, and, once any
   * value is called, all functions that exist as values.
   */
  #run(roots: readonly Unit[], reach: Iterable<Unit>, ever: ReadonlySet<Piece> | null): Set<Piece> {
    const { reader } = this.#is;
    const executed = new Set<Piece>(roots);
    const queue: Piece[] = [...roots];
    const reachSet = new Set(reach);
    const candidates = [...reachSet].flatMap((unit) => this.#functionsOf(unit));
    const names = new Set(this.#implicit);
    const isOfAnyName =
      ever === null || this.#holds(reachSet, "anyName") || this.#holds(reachSet, "anyValue");
    let anyName = false;
    let callsValues = false;
    const run = (piece: Node): void => {
      if (executed.has(piece)) return;
      executed.add(piece);
      queue.push(piece);
    };
    for (let isStable = false; !isStable;) {
      for (let piece = queue.pop(); piece; piece = queue.pop()) {
        const found = reader.factsOf(piece);
        for (const name of found.names) names.add(name);
        anyName ||= found.anyName;
        callsValues ||= found.callsValues;
        for (const called of found.calls) run(called);
      }
      for (const candidate of candidates) {
        if (executed.has(candidate) || !this.#exists(candidate, executed, ever)) continue;
        const isAny = anyName || (callsValues && isOfAnyName);
        if (this.#isCalled(candidate, names, isAny, callsValues)) run(candidate);
      }
      isStable = queue.length === 0;
    }
    return executed;
  }

  #exists(candidate: Node, executed: ReadonlySet<Piece>, ever: ReadonlySet<Piece> | null): boolean {
    const outer = outerFunction(candidate);
    return outer === null || executed.has(outer) || ever?.has(outer) === true;
  }

  #isCalled(candidate: Node, names: ReadonlySet<string>, anyName: boolean, callsValues: boolean): boolean {
    const member = this.#memberOf(candidate);
    if (member === undefined) return callsValues && this.#is.mutability.isValue(candidate);
    if (member === null || member.kind === "accessor") return true;
    if (member.kind === "constructor") return false;
    return anyName || names.has(member.name) || (callsValues && this.#valueNames.has(member.name));
  }

  /** The member that a function is defined as; `null` if its name is computed, `undefined` if none. */
  #memberOf(
    candidate: Node,
  ): { readonly kind: "accessor" | "constructor" | "named"; readonly name: string } | null | undefined {
    let holder = candidate[PARENT];
    if (holder?.type === "CallExpression" && this.#is.program.unwrap(holder) === candidate)
      holder = holder[PARENT];
    const isMember = holder?.type === "MethodDefinition" || holder?.type === "PropertyDefinition";
    const isProperty = holder?.type === "Property" && holder[PARENT]?.type === "ObjectExpression";
    if (!holder || (!isMember && !isProperty) || part(holder, "key") === candidate) return undefined;
    if (holder["computed"] === true) return null;
    if (holder["kind"] === "get" || holder["kind"] === "set") return { kind: "accessor", name: "" };
    if (holder["kind"] === "constructor") return { kind: "constructor", name: "" };
    // The language calls methods of its own classes, even if they are overridden.
    if (isMember && this.#extendsOther(holder)) return null;
    const key = part(holder, "key");
    const name = nameOf(key) ?? textOf(key) ?? "";
    // Members of a property descriptor, or of a proxy's traps, are called by other names.
    return ["get", "set", "value"].includes(name) && isProperty ? null : { kind: "named", name };
  }

  /** True for a member of a class that extends another one. */
  #extendsOther(member: Node): boolean {
    let made = member[PARENT]?.[PARENT];
    for (const seen = new Set<Node>(); isClass(made) && !seen.has(made);) {
      seen.add(made);
      const parent = part(made, "superClass");
      if (!parent) return false;
      made = this.#is.constants.resolve(parent);
    }
    return true;
  }

  #functionsOf(unit: Unit): readonly Node[] {
    let functions = this.#functions.get(unit);
    if (!functions) {
      const found: Node[] = [];
      const queue: Piece[] = this.#is.program.isHelperUnit(unit) ? [] : [unit];
      for (const piece of queue) {
        for (const inner of this.#is.reader.factsOf(piece).inner) {
          found.push(inner);
          queue.push(inner);
        }
      }
      this.#functions.set(unit, (functions = found));
    }
    return functions;
  }
}

/** The function or class that creates another function when it runs. */
function outerFunction(node: Node): Node | null {
  for (let outer = node[PARENT]; outer; outer = outer[PARENT]) {
    if (!isFunction(outer)) continue;
    const member = outer[PARENT];
    const isConstructor = member?.type === "MethodDefinition" && member["kind"] === "constructor";
    return isConstructor ? (member[PARENT]?.[PARENT] ?? outer) : outer;
  }
  return null;
}

/** Finds the names that code reads without calling them, and whether it creates proxies. */
function findNamesInUse(program: Program): { readonly hasTraps: boolean; readonly valueNames: Set<string> } {
  const valueNames = new Set<string>();
  let hasTraps = false;
  const pending: Node[] = program.units.filter((unit) => !program.isHelperUnit(unit)).map(({ node }) => node);
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (node.type === "Identifier" && nameOf(node) === "Proxy") hasTraps = true;
    const name = memberName(node);
    const user = node[PARENT];
    const isCalled = user?.type === "CallExpression" && part(user, "callee") === node;
    // `c.inc.bind(c)` is the method itself.
    const isRoot =
      user?.type === "MemberExpression" && part(user, "object") === node && memberName(user) !== "bind";
    if (name !== undefined && !isCalled && !isRoot) valueNames.add(name);
    if (node.type === "Property" && user?.type === "ObjectPattern")
      valueNames.add(nameOf(part(node, "key")) ?? textOf(part(node, "key")) ?? "");
    pushChildren(node, pending);
  }
  return { hasTraps, valueNames };
}
