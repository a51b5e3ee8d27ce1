// Orders a Dag's tasks so that each comes after those it waits for, or names a cycle.

import { dagInvalid } from "../authoring/dag-fault.ts";
import type { DagState, TaskDeclaration } from "../authoring/dag-state.ts";
import type { Upstreams } from "./resolve-edges.ts";

/**
 * The tasks in topological order; among those that could come next, in order of declaration.
 * @throws MemodagError `dag_invalid` naming the tasks of a cycle.
 */
export function topologicalOrder(dag: DagState, upstreams: Upstreams): TaskDeclaration[] {
  const position = new Map([...dag.tasks.keys()].map((taskId, index) => [taskId, index]));
  const positionOf = (taskId: string): number => position.get(taskId) ?? 0;
  const order: TaskDeclaration[] = [];
  const done = new Set<string>();
  // A stack of its own, as a chain may be longer than the call stack is deep.
  const stack: Step[] = [];
  const underWay = new Set<string>();
  const enter = (taskId: string): void => {
    const task = dag.tasks.get(taskId);
    if (!task || done.has(taskId)) return;
    if (underWay.has(taskId)) throw cycle(dag, stack, taskId);
    underWay.add(taskId);
    const upstream = [...(upstreams.get(taskId) ?? [])].sort((a, b) => positionOf(a) - positionOf(b));
    stack.push({ task, remaining: upstream.values() });
  };
  for (const root of dag.tasks.keys()) {
    enter(root);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const next = top.remaining.next();
      if (!next.done) {
        enter(next.value);
        continue;
      }
      stack.pop();
      underWay.delete(top.task.taskId);
      done.add(top.task.taskId);
      order.push(top.task);
    }
  }
  return order;
}

/** A task whose upstream is being put into order. */
interface Step {
  readonly task: TaskDeclaration;
  readonly remaining: Iterator<string>;
}

function cycle(dag: DagState, stack: readonly Step[], taskId: string): Error {
  const ids = stack.map(({ task }) => task.taskId);
  // Each on the stack waits for the next, so that work flows the other way.
  const flow = [taskId, ...ids.slice(ids.indexOf(taskId)).toReversed()];
  return dagInvalid(
    { dagId: dag.dagId },
    { problem: `there is a cycle, ${flow.join(" → ")}`, mend: "remove one of these edges" },
  );
}
