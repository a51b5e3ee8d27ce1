// All that is known of an artifact's code before any task is looked at.

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
import { EvaluationOrder, type Moment } from "./evaluation-order.ts";
import { FunctionTexts } from "./function-texts.ts";
import { writeShape, type ShapeSources } from "./shape-writer.ts";
import type { Shape } from "./shape.ts";

/**
 * What is left out of code that hands handlers to the SDK: whatever makes the `handlers`, or only the
 * `functions` and not the calls that make one of its arguments, or nothing.
 */
export type Pruning = "functions" | "handlers" | "none";

/** An artifact's code, looked through. */
export class ArtifactAnalysis {
  readonly program: Program;
  /** Units whose evaluation may do more than make their own value, in order of evaluation. */
  readonly impure: readonly Unit[];
  /** Those, and the pure ones that call something while the file is loaded. */
  readonly evaluated: readonly Unit[];
  /** Units in which the environment says which handler a task has. */
  readonly choosing: readonly Unit[];
  /** True when a Dag is handed to code that may read what else is in it. */
  readonly dagEscapes: boolean;
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
    this.dagEscapes = uses.escapes.length > 0;
    this.impure = program.units.filter((unit) => !purity.isPureUnit(unit));
    const impure = new Set(this.impure);
    this.evaluated = program.units.filter(
      (unit) => impure.has(unit) || (!program.isHelperUnit(unit) && callsSomething(unit)),
    );
    const inert = findInert(program, sdk, constants, purity);
    this.#inert = {
      handlers: inert,
      functions: new Set([...inert].filter((node) => isCode(program.unwrap(node)))),
      none: new Set(),
    };

    this.#shapeSources = { program, texts: new FunctionTexts(program, constants) };
    this.#order = new EvaluationOrder(program, this.impure);
    this.choosing = findChoosingUnits(program, sdk);
  }

  /** What of a unit depends on when it is evaluated. */
  momentOf(unit: Unit, pruning: Pruning): Moment | null {
    return this.#order.momentOf(unit, (reached) => this.shapeOfUnit(reached, pruning));
  }

  shapeOfUnit(unit: Unit, pruning: Pruning): Shape {
    return this.#shapeOf(unit.node, [unit.node, ...unit.attached], pruning);
  }

  shapeOfFunction(node: Node, pruning: Pruning): Shape {
    return this.#shapeOf(node, [node], pruning);
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

/** True when something is called while the unit is evaluated, rather than when a function in it is. */
function callsSomething(unit: Unit): boolean {
  const pending: Node[] = unit.kind === "function" ? [] : [unit.node];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (node.type === "CallExpression" || node.type === "NewExpression") return true;
    if (!isFunction(node)) pushChildren(node, pending);
  }
  return false;
}

/** Handlers where they are handed to the SDK, which keeps them until the task runs. */
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
