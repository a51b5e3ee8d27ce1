// Analyses an artifact's code independently of tasks.

import { CodeReader } from "../effects/code-reader.ts";
import { Effects } from "../effects/effects.ts";
import { attractedBy, findEffects, type Attracted, type ImpureUnit } from "../effects/find-effects.ts";
import { FreshObjects } from "../effects/fresh-objects.ts";
import { Mutability } from "../effects/mutability.ts";
import { Constants } from "../purity/constants.ts";
import { findDagUses } from "../purity/dag-uses.ts";
import { PlainValues } from "../purity/plain-values.ts";
import { Purity } from "../purity/purity.ts";
import { Readable } from "../purity/readable.ts";
import { SdkObjects } from "../purity/sdk-objects.ts";
import { findTampering } from "../purity/tampering.ts";
import { isFunction, pushChildren, type Node } from "../program/node.ts";
import type { Program, Unit } from "../program/program.ts";
import { findChoosingUnits } from "./choosing-units.ts";
import { EvaluationOrder } from "./evaluation-order.ts";
import { FunctionTexts } from "./function-texts.ts";
import { writeShape, type ShapeSources } from "./shape-writer.ts";
import type { Shape } from "./shape.ts";
import { UnitGraph } from "./unit-graph.ts";

/**
 * The parts left out of code that passes handlers to the SDK: everything that creates the `handlers`,
 * only the `functions` but not the calls that create one of its arguments, or nothing.
 */
export type Pruning = "functions" | "handlers" | "none";

/**
 * The units included in a slice besides those that it names: units with `effects` on what it reaches, or
 * all that are `evaluated` with it in reach.
 */
export type Attraction = "effects" | "evaluated";

/** The analysis of an artifact's code. */
export class ArtifactAnalysis {
  readonly program: Program;
  /** Units whose evaluation may affect any code, in order of evaluation, with the reason. */
  readonly impure: readonly ImpureUnit[];
  /** Units that may change or call something while the file is loaded. */
  readonly evaluated: readonly Unit[];
  readonly #evaluated: ReadonlySet<Unit>;
  readonly #effects: ReadonlySet<Unit>;
  readonly #attracted: Attracted;
  readonly #mutability: Mutability;
  readonly #graphs: Readonly<Record<Pruning, UnitGraph>>;
  /** Units in which the environment selects a task's handler. */
  readonly choosing: readonly Unit[];
  /** Units in which a Dag escapes to code that may read its content. */
  readonly escaping: ReadonlySet<Unit>;
  readonly #order: EvaluationOrder;
  readonly #shapeSources: ShapeSources;
  readonly #inert: Readonly<Record<Pruning, ReadonlySet<Node>>>;
  readonly #shapes: Readonly<Record<Pruning, Map<Node, Shape>>> = {
    handlers: new Map(),
    functions: new Map(),
    none: new Map(),
  };

  constructor(program: Program) {
    this.program = program;
    const constants = new Constants(program);
    const tampering = findTampering(program, constants);
    const trusting = new SdkObjects(program, constants);
    const uses = findDagUses(program, trusting, constants, tampering);
    const sdk = uses.mayReplaceMethods ? new SdkObjects(program, constants, { trusted: false }) : trusting;
    const values = new PlainValues(program, constants, tampering);
    const readable = new Readable({ program, constants, values, sdk, tampering });
    const purity = new Purity({ program, constants, values, readable, sdk, tampering });
    this.#shapeSources = { program, texts: new FunctionTexts(program, constants) };
    this.escaping = new Set(uses.escapes.flatMap((node) => program.unitAround(node) ?? []));
    const inert = findInert(program, sdk, constants, purity);
    this.#inert = {
      handlers: inert,
      functions: new Set([...inert].filter((node) => isCode(program.unwrap(node)))),
      none: new Set(),
    };
    const fresh = new FreshObjects(program, constants);
    const mutability = new Mutability({ program, constants, values, tampering, sdk, fresh, inert });
    const effects = new Effects({
      program,
      constants,
      mutability,
      tampering,
      reader: new CodeReader({ program, constants, values, sdk, fresh, inert }),
    });
    this.#mutability = mutability;
    const graphOf = (pruning: Pruning): UnitGraph =>
      new UnitGraph(program, (unit) => this.shapeOfUnit(unit, pruning));
    this.#graphs = { handlers: graphOf("handlers"), functions: graphOf("functions"), none: graphOf("none") };
    const candidates = program.units.filter((unit) => !purity.isPureUnit(unit));
    const found = findEffects(candidates, effects, this.#graphs.handlers);
    this.impure = found.unknown;
    this.#effects = new Set([...found.unknown.map(({ unit }) => unit), ...found.objects.keys()]);
    this.evaluated = program.units.filter(
      (unit) => this.#effects.has(unit) || (!program.isHelperUnit(unit) && callsSomething(unit)),
    );
    this.#evaluated = new Set(this.evaluated);
    this.#attracted = attractedBy(found.objects);
    this.#order = new EvaluationOrder(program);
    this.choosing = findChoosingUnits(program, sdk);
  }

  /** True for a unit whose evaluation changes more than its own value. */
  hasEffects(unit: Unit): boolean {
    return this.#effects.has(unit);
  }

  /**
   * Returns units that count if one is reached, because they may change what it holds, or receive it.
   * @param seen units examined before for the same slice: units that they led to are not returned again
   */
  attractedBy(unit: Unit, attraction: Attraction, seen: Set<Unit>): readonly Unit[] {
    if (attraction === "effects") return this.#attracted.get(unit) ?? [];
    if (!this.#mutability.isMutable(unit)) return [];
    return this.#graphs.functions.leadingTo(unit, seen).filter((leading) => this.#evaluated.has(leading));
  }

  /**
   * Returns units that one reaches and that are evaluated after it; `null` if its value does not depend
   * on that.
   */
  laterThan(unit: Unit, pruning: Pruning): readonly Unit[] | null {
    return this.#order.laterThan(unit, this.#graphs[pruning]);
  }

  shapeOfUnit(unit: Unit, pruning: Pruning): Shape {
    return this.#shapeOf(unit.node, [unit.node, ...unit.attached], pruning);
  }

  shapeOfFunction(node: Node, pruning: Pruning): Shape {
    return this.#shapeOf(node, [node], pruning);
  }

  /** Returns the shape of everything, including imports and exports that no unit names. */
  shapeOfProgram(): Shape {
    return this.#shapeOf(this.program.root, [this.program.root], "none");
  }

  #shapeOf(key: Node, nodes: readonly Node[], pruning: Pruning): Shape {
    const shapes = this.#shapes[pruning];
    let shape = shapes.get(key);
    if (!shape) shapes.set(key, (shape = writeShape(this.#shapeSources, nodes, this.#inert[pruning])));
    return shape;
  }
}

function isCode(handler: Node | undefined): boolean {
  return isFunction(handler) || handler?.type === "Identifier";
}

/** True if something is called while the unit is evaluated, rather than when a function in it runs. */
function callsSomething(unit: Unit): boolean {
  const pending: Node[] = unit.kind === "function" ? [] : [unit.node];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (node.type === "CallExpression" || node.type === "NewExpression") return true;
    if (!isFunction(node)) pushChildren(node, pending);
  }
  return false;
}

/** Handlers where they are passed to the SDK, which stores them until the task runs. */
function findInert(program: Program, sdk: SdkObjects, constants: Constants, purity: Purity): Set<Node> {
  const inert = new Set<Node>();
  for (const call of program.calls()) {
    const handler = sdk.handlerOf(call);
    if (!handler) continue;
    const isHandler =
      isFunction(constants.resolve(handler)) || program.unwrap(handler)?.type === "CallExpression";
    if (isHandler && purity.isPure(handler)) inert.add(handler);
  }
  return inert;
}
