// Finds dependencies on evaluation order: `const copy = state` has another value after `state = 2`.

import { isFunction, nameOf, PARENT, part, parts, pushChildren, type Node } from "../program/node.ts";
import type { Program, Unit } from "../program/program.ts";
import { isKnownGlobal } from "../purity/builtins.ts";
import { isSdkSpecifier } from "../purity/sdk-objects.ts";
import { isRewritten } from "./rewritten.ts";
import type { UnitGraph } from "./unit-graph.ts";

/** Nodes that run other code, or wait for it. */
const CALLING: ReadonlySet<string> = new Set(
  "AwaitExpression CallExpression ImportExpression NewExpression TaggedTemplateExpression".split(" "),
);

/** Nodes that may run the functions of an object written in place. */
const CONVERTING: ReadonlySet<string> = new Set(
  [
    "ArrayPattern BinaryExpression ForInStatement ForOfStatement MemberExpression ObjectPattern SpreadElement",
    "TemplateLiteral UnaryExpression UpdateExpression",
  ].flatMap((line) => line.split(" ")),
);

/** The order in which an artifact's units are evaluated. */
export class EvaluationOrder {
  readonly #program: Program;
  readonly #timeless = new Map<Unit, boolean>();

  constructor(program: Program) {
    this.#program = program;
  }

  /**
   * Returns the units that a unit reaches and that are evaluated after it, in order of being reached;
   * `null` for a unit that does not depend on when it is evaluated: a function, a literal.
   */
  laterThan(unit: Unit, graph: UnitGraph): readonly Unit[] | null {
    if (this.#isTimeless(unit)) return null;
    const later: Unit[] = [];
    const reached = new Set<Unit>([unit]);
    for (const visited of reached) {
      for (const named of graph.namedBy(visited)) {
        // No unit behind it is later: most code is evaluated after everything that it names.
        if (reached.has(named) || graph.lastInReach(named) <= unit.index) continue;
        reached.add(named);
        if (named.index > unit.index && named.kind !== "function") later.push(named);
      }
    }
    return later;
  }

  #isTimeless(unit: Unit): boolean {
    let timeless = this.#timeless.get(unit);
    if (timeless === undefined) this.#timeless.set(unit, (timeless = this.#decide(unit)));
    return timeless;
  }

  /** True if evaluation reads no binding but the unit's own, and calls nothing. */
  #decide(unit: Unit): boolean {
    if (unit.kind === "function" || this.#program.isHelperUnit(unit)) return true;
    const pending: Node[] = [unit.node];
    let hasCode = false;
    let reads = false;
    for (let node = pending.pop(); node; node = pending.pop()) {
      const bare = this.#program.unwrap(node) ?? node;
      if (isFunction(bare)) {
        hasCode = true;
        continue;
      }
      if (CALLING.has(bare.type)) return false;
      if (bare.type === "StaticBlock" && parts(bare, "body").every((inner) => this.#isNaming(inner)))
        continue;
      if (!this.#isTimelessName(bare, unit)) return false;
      reads ||= CONVERTING.has(bare.type);
      pushChildren(bare, pending);
    }
    // A function defined in place may be a getter, a conversion or an iterator.
    return !hasCode || !reads;
  }

  #isNaming(statement: Node): boolean {
    const call = part(statement, "expression");
    return call?.type === "CallExpression" && this.#program.isHelper(part(call, "callee"), "__name");
  }

  /**
   * Other code may have set it before: a variable, a reassigned function, an export of a package, the
   * environment.
   */
  #isTimelessName(node: Node, unit: Unit): boolean {
    const binding = this.#program.bindingOf(node);
    if (binding === null) return !LIVE_GLOBALS.has(nameOf(node) as string) && !isMemberOfGlobal(node);
    if (!binding || unit.bindings.includes(binding)) return true;
    const imported = this.#program.importOf(binding);
    if (imported) return isSdkSpecifier(imported.specifier);
    return this.#program.unitsOf(binding).every(({ kind }) => kind === "function") && !isRewritten(binding);
  }
}

/** Objects and values whose members code may set, or that stand for all globals. */
const LIVE_GLOBALS: ReadonlySet<string> = new Set(["global", "globalThis", "process"]);

/** `Error.stackTraceLimit`. If nothing declares the name, other code may have created it. */
function isMemberOfGlobal(node: Node): boolean {
  const parent = node[PARENT];
  return parent?.type === "MemberExpression"
    ? part(parent, "object") === node
    : !isKnownGlobal(nameOf(node) as string);
}
