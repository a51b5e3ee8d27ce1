// Runs the code of an artifact on abstract values: its top level as the file is loaded, and functions when they are
// called.

import { isClass, isFunction, isNode, part, parts, type Node } from "../program/node.ts";
import type { Binding } from "../program/program.ts";
import type { Activation } from "./calls.ts";
import { Classes } from "./classes.ts";
import type { Frame, KeptState } from "./memory.ts";
import { ANY, Cell, type Phase, type Value } from "./values.ts";

/** Executes code. */
export class Execution extends Classes {
  readonly #activations = new Map<Value, Map<Phase, Activation>>();

  /** Runs the top level of the artifact. */
  load(): void {
    this.runStatements(parts(this.program.root, "body"), frameOf("", "load"));
    this.flow.run();
  }

  /** Runs a function that exists after loading, as an attempt calls its handler. False: there is none. */
  attempt(handler: Node): boolean {
    let isThere = false;
    for (const [value, { node }] of this.definitions) {
      if (node !== handler || value.phase !== "load") continue;
      isThere = true;
      const running = this.activationOf(value, "attempt");
      const args = this.made("data", handler, frameOf("", "attempt"), "", "arguments");
      for (const cell of [running?.args(0), running?.all]) if (cell) this.flow.add(cell, args);
    }
    this.flow.run();
    return isThere;
  }

  /** Lists what the attempts would leave. Call it when all have run. */
  list(): KeptState[] {
    const kept = new Map(this.kept);
    const add = (node: Node, reason: string): void => {
      if (!kept.has(node)) kept.set(node, { node, reason });
    };
    if (this.tampered)
      add(this.tampered, "uses objects of the language that the file changes while it is loaded");
    for (const { node, shown } of this.unresolved)
      if (node["optional"] !== true) add(node, `calls ${shown}, which cannot be followed`);
    for (const { object, node, frame } of this.changes)
      if (frame.phase === "attempt" && object.values.size === 0)
        add(node, `changes ${this.textOf(node)}, which cannot be followed`);
    return [...kept.values()];
  }

  protected functionOf(node: Node, frame: Frame): Value {
    const value = this.made("function", node, frame);
    if (this.definitions.has(value)) return value;
    this.definitions.set(value, { node, frame });
    if (node.type !== "ArrowFunctionExpression") {
      const prototype = this.made("plain", node, frame, "", "prototype");
      this.flow.add(this.flow.field(value, "prototype"), prototype);
      this.flow.add(this.flow.field(prototype, "constructor"), value);
    }
    this.#nameItself(node, value, frame);
    return value;
  }

  /** A function or class expression can call itself by its name. */
  #nameItself(node: Node, value: Value, frame: Frame): void {
    const id = part(node, "id");
    const binding = id && this.program.bindingOf(id);
    if (binding) this.flow.add(this.variable(binding, frame), value);
  }

  protected activationOf(called: Value, phase: Phase): Activation | undefined {
    const defined = this.definitions.get(called);
    if (!defined || !isFunction(defined.node)) return undefined;
    let byPhase = this.#activations.get(called);
    if (!byPhase) this.#activations.set(called, (byPhase = new Map()));
    let running = byPhase.get(phase);
    if (!running) {
      const args: Cell[] = [];
      const all = new Cell();
      const { node, frame } = defined;
      const isArrow = node.type === "ArrowFunctionExpression";
      const self = isArrow ? frame.self : new Cell();
      running = {
        self: isArrow ? new Cell() : self,
        args: (index) => (args[index] ??= new Cell()),
        rest: new Cell(),
        all,
        result: new Cell(),
      };
      byPhase.set(phase, running);
      const inner: Frame = {
        ...frameOf(frame.env + (phase === "load" ? "l" : "a"), phase),
        self,
        home: frame.home,
      };
      this.#run(node, inner, running);
    }
    return running;
  }

  #run(node: Node, frame: Frame, running: Activation): void {
    for (const identifier of this.#argumentsOf(node)) {
      const list = this.made("list", node, frame, "", "arguments");
      this.flow.join(running.all, this.flow.field(list, ANY));
      this.flow.add(this.variable(identifier, frame), list);
    }
    for (const [index, parameter] of parts(node, "params").entries()) {
      if (parameter.type !== "RestElement")
        this.assign(parameter, this.union(running.args(index), running.rest), frame, true);
      else {
        const list = this.made("list", parameter, frame);
        this.flow.join(running.all, this.flow.field(list, ANY));
        this.assign(parameter, this.cellOf(list), frame, true);
      }
    }
    const body = part(node, "body");
    if (body?.type === "BlockStatement") this.runStatements(parts(body, "body"), frame);
    else this.flow.join(this.value(body, frame), frame.returned);
    if (node["generator"] === true) {
      const iterator = this.made("iterator", node, frame);
      this.flow.join(this.union(frame.yielded, frame.returned), this.flow.field(iterator, ANY));
      // Values that are sent to it are not told from those that it yields.
      this.flow.join(iterator.all, frame.sent);
      this.flow.add(running.result, iterator);
    } else if (node["async"] === true) {
      this.flow.add(running.result, this.promise(frame.returned, node, frame, "async"));
    } else this.flow.join(frame.returned, running.result);
  }

  /** The variables named `arguments` of a function. */
  #argumentsOf(node: Node): Binding[] {
    if (!this.#withArguments) {
      this.#withArguments = new Map();
      for (const identifier of this.program.identifiers()) {
        const binding = this.program.bindingOf(identifier);
        if (binding?.name !== "arguments" || binding.defs.length > 0) continue;
        this.#withArguments.set(binding.scope.block as unknown as Node, binding);
      }
    }
    const binding = this.#withArguments.get(node);
    return binding ? [binding] : [];
  }
  #withArguments: Map<Node, Binding> | undefined;

  protected runStatements(statements: readonly Node[], frame: Frame): void {
    for (const statement of statements) this.#statement(statement, frame);
  }

  #statement(node: Node, frame: Frame): void {
    if (isFunction(node)) return void this.functionOf(node, frame);
    if (isClass(node)) return void this.classOf(node, frame);
    switch (node.type) {
      case "VariableDeclaration":
        for (const declarator of parts(node, "declarations")) {
          const init = part(declarator, "init");
          if (init) this.assign(part(declarator, "id"), this.value(init, frame), frame, true);
        }
        if (node["kind"] === "using" || node["kind"] === "await using")
          this.report(node, frame, "uses `using`, which cannot be followed");
        return;
      case "ReturnStatement":
        return this.flow.join(this.value(part(node, "argument"), frame), frame.returned);
      case "ThrowStatement":
        return this.flow.join(this.value(part(node, "argument"), frame), this.thrown);
      case "ForOfStatement":
      case "ForInStatement":
        return this.#loop(node, frame);
      case "CatchClause": {
        const caught = this.union(this.thrown, this.cellOf(this.made("native", node, frame, "", "caught")));
        this.assign(part(node, "param"), this.shown(caught, node, frame), frame, true);
        return this.#inner(node, ["body"], frame);
      }
      case "ImportDeclaration":
      case "ExportAllDeclaration":
      case "EmptyStatement":
      case "DebuggerStatement":
      case "BreakStatement":
      case "ContinueStatement":
        return;
      case "ExportNamedDeclaration":
      case "ExportDefaultDeclaration":
        return this.#inner(node, ["declaration"], frame);
      case "BlockStatement":
      case "ExpressionStatement":
      case "IfStatement":
      case "WhileStatement":
      case "DoWhileStatement":
      case "ForStatement":
      case "SwitchStatement":
      case "SwitchCase":
      case "TryStatement":
      case "LabeledStatement":
        return this.#inner(node, STATEMENT_PARTS, frame);
      case "WithStatement":
        return this.report(node, frame, "uses with");
      default:
        this.value(node, frame);
    }
  }

  #inner(node: Node, fields: readonly string[], frame: Frame): void {
    for (const field of fields) {
      const value = node[field];
      if (Array.isArray(value)) this.runStatements(value.filter(isNode), frame);
      else if (isNode(value)) this.#statement(value, frame);
    }
  }

  #loop(node: Node, frame: Frame): void {
    const over = this.value(part(node, "right"), frame);
    const isOf = node.type === "ForOfStatement";
    const elements = isOf ? this.elements(over, node, frame) : new Cell();
    const given = node["await"] === true ? this.awaited(elements, node, frame) : elements;
    const left = part(node, "left");
    const isDeclared = left?.type === "VariableDeclaration";
    this.assign(isDeclared ? part(parts(left, "declarations")[0], "id") : left, given, frame, isDeclared);
    this.#inner(node, ["body"], frame);
  }
}

const STATEMENT_PARTS = [
  "expression",
  "init",
  "discriminant",
  "test",
  "update",
  "block",
  "handler",
  "finalizer",
  "cases",
  "consequent",
  "alternate",
  "body",
];

function frameOf(env: string, phase: Phase): Frame {
  return {
    env,
    phase,
    self: new Cell(),
    returned: new Cell(),
    yielded: new Cell(),
    sent: new Cell(),
    home: new Cell(),
  };
}
