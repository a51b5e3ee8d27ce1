// Sorts a Dag's tasks topologically, or reports a cycle.

import { dagInvalid } from "../authoring/dag-fault.ts";
import type { DagState, TaskDeclaration } from "../authoring/dag-state.ts";
import type { Upstreams } from "./resolve-edges.ts";

/**
 * Returns the tasks in topological order. Ties are broken by order of declaration.
 * @throws MemodagError `dag_invalid` naming the tasks of a cycle.
 */
export function topologicalOrder(dag: DagState, upstreams: Upstreams): TaskDeclaration[] {
  const position = new Map([...dag.tasks.keys()].map((taskId, index) => [taskId, index]));
  const positionOf = (taskId: string): number => position.get(taskId) ?? 0;
  const order: TaskDeclaration[] = [];
  const done = new Set<string>();
  // Uses an explicit stack, because a chain may be longer than the call stack is deep.
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

/** A task whose upstream tasks are being sorted. */
interface Step {
  readonly task: TaskDeclaration;
  readonly remaining: Iterator<string>;
}

function cycle(dag: DagState, stack: readonly Step[], taskId: string): Error {
  const ids = stack.map(({ task }) => task.taskId);
  // Each entry of the stack waits for the next, so the flow of work is the reverse.
  const flow = [taskId, ...ids.slice(ids.indexOf(taskId)).toReversed()];
  return dagInvalid(
    { dagId: dag.dagId },
    { problem: `there is a cycle, ${flow.join(" → ")}`, fix: "remove one of these edges" },
  );
}
