// Finds where the environment selects a task's handler: the process that hashes may have another one than
// the process that runs.

import {
  contains,
  isFunction,
  memberName,
  nameOf,
  PARENT,
  part,
  pushChildren,
  type Node,
} from "../program/node.ts";
import type { Program, Unit } from "../program/program.ts";
import type { SdkObjects } from "../purity/sdk-objects.ts";

/** Finds the units that select a handler by what they read of the environment. */
export function findChoosingUnits(program: Program, sdk: SdkObjects): Unit[] {
  const found = new Set<Unit>();
  for (const call of program.calls()) {
    const handler = sdk.handlerOf(call);
    const unit = handler && program.unitAround(call);
    if (!handler || !unit || found.has(unit)) continue;
    if (choicesOf(call, handler, unit, program).some((choice) => readsEnvironment(choice, program)))
      found.add(unit);
  }
  return [...found];
}

/** Returns the expressions that select the handler: its own, and the conditions around the call. */
function choicesOf(call: Node, handler: Node, unit: Unit, program: Program): Node[] {
  const bare = program.unwrap(handler);
  const choices = bare && !isFunction(bare) ? [bare] : [];
  for (let outer = call[PARENT]; outer && contains(unit.node, outer); outer = outer[PARENT]) {
    const test = part(outer, "test") ?? part(outer, "discriminant") ?? part(outer, "left");
    if (test && outer.type !== "AssignmentExpression") choices.push(test);
  }
  return choices;
}

function readsEnvironment(choice: Node, program: Program): boolean {
  const seen = new Set<Unit>();
  const queue: Node[] = [choice];
  for (const start of queue) {
    const pending: Node[] = [start];
    for (let node = pending.pop(); node; node = pending.pop()) {
      if (isEnvironment(node, program)) return true;
      const binding = node.type === "Identifier" ? program.bindingOf(node) : undefined;
      for (const unit of binding ? program.unitsOf(binding) : []) {
        if (seen.has(unit)) continue;
        seen.add(unit);
        // Reads in a handler's own body happen in the process that runs it.
        if (unit.kind !== "function" || start !== choice || node[PARENT]?.type === "CallExpression")
          queue.push(unit.node);
      }
      pushChildren(node, pending);
    }
  }
  return false;
}

function isEnvironment(node: Node, program: Program): boolean {
  const object = part(node, "object");
  return (
    node.type === "MemberExpression" &&
    memberName(node) === "env" &&
    nameOf(object) === "process" &&
    object !== undefined &&
    program.bindingOf(object) === null
  );
}
