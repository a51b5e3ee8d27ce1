// What running a statement of the top level may change: nothing, objects of the artifact that it reaches, or
// what cannot be told.

import { isFunction, nameOf, PARENT, part, textOf, type Node } from "../program/node.ts";
import type { Program, Unit } from "../program/program.ts";
import type { Tampering } from "../purity/tampering.ts";
import type { CodeReader, Piece } from "./code-facts.ts";
import type { Mutability } from "./mutability.ts";

/** What a unit's evaluation changes. */
export type Effect =
  | { readonly kind: "none" }
  /** Objects that some units hold: it matters to the code that reaches one of them. */
  | { readonly kind: "objects"; readonly units: ReadonlySet<Unit> }
  /** It may matter to any code. */
  | { readonly kind: "unknown"; readonly reason: string };

/** What effects are found from. */
export interface EffectSources {
  readonly program: Program;
  readonly reader: CodeReader;
  readonly mutability: Mutability;
  readonly tampering: Tampering;
}

/** Names that the language itself calls. */
const IMPLICIT = new Set(["toJSON", "toString", "valueOf", "then", "next", "return", "throw", ""]);

/** Finds effects. */
export class Effects {
  readonly #is: EffectSources;
  readonly #functions = new Map<Unit, readonly Node[]>();
  /** Functions that any unit may run while the file is loaded: what is written in them may exist. */
  readonly #ever: ReadonlySet<Piece>;

  constructor(sources: EffectSources) {
    this.#is = sources;
    const units = sources.program.units.filter((unit) => !sources.program.isHelperUnit(unit));
    this.#ever = this.#run(units, units, null);
  }

  /** @param reach every unit whose code or objects the unit can get at, itself among them. */
  of(unit: Unit, reach: ReadonlySet<Unit>): Effect {
    const { reader, tampering, mutability } = this.#is;
    if (!tampering.builtinsPristine) {
      return { kind: "unknown", reason: "the language's own objects may have been changed" };
    }
    const executed = this.#run([unit], reach, this.#ever);
    let writes = false;
    let callsValues = false;
    for (const piece of executed) {
      const facts = reader.factsOf(piece);
      if (facts.reason !== null) return { kind: "unknown", reason: facts.reason };
      writes ||= facts.writes;
      callsValues ||= facts.callsValues;
    }
    // A value of a package's may be what is called or changed.
    const foreign = writes || callsValues ? this.#foreignOf(reach) : null;
    if (foreign !== null) return { kind: "unknown", reason: `it may call or change what is of "${foreign}"` };
    if (!writes) return { kind: "none" };
    return { kind: "objects", units: new Set([...reach].filter((reached) => mutability.isMutable(reached))) };
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
   * Everything that may run when `roots` do: functions that are called by name, by a property's name, and,
   * once any value is called, all those that are there as values.
   */
  #run(roots: readonly Unit[], reach: Iterable<Unit>, ever: ReadonlySet<Piece> | null): Set<Piece> {
    const { reader } = this.#is;
    const executed = new Set<Piece>(roots);
    const queue: Piece[] = [...roots];
    const candidates = [...reach].flatMap((unit) => this.#functionsOf(unit));
    const names = new Set(IMPLICIT);
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
        if (this.#isCalled(candidate, names, anyName, callsValues)) run(candidate);
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
    return anyName || names.has(member.name);
  }

  /** The member that a function is written as; `null` for one whose name is computed, `undefined` for none. */
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
    const key = part(holder, "key");
    const name = nameOf(key) ?? textOf(key) ?? "";
    // What describes a property, or traps a proxy's, is called by other names.
    return ["get", "set", "value"].includes(name) && isProperty ? null : { kind: "named", name };
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

/** The function whose run makes another one, or the class whose construction does. */
function outerFunction(node: Node): Node | null {
  for (let outer = node[PARENT]; outer; outer = outer[PARENT]) {
    if (!isFunction(outer)) continue;
    const member = outer[PARENT];
    const isConstructor = member?.type === "MethodDefinition" && member["kind"] === "constructor";
    return isConstructor ? (member[PARENT]?.[PARENT] ?? outer) : outer;
  }
  return null;
}
