// What must come of a run of a random Dag: the model that chaos is measured by.

import { createHash } from "node:crypto";
import { DEFAULT_CASE, STAMPED, taskIdOf, tasksOn, type DagPlan, type TaskPlan } from "./dag-plan.ts";

/** How an instance ends. */
export type End = "success" | "failed" | "skipped" | "upstream_failed";

/** What must come of a run: instances as `task` or `task[index]`. */
export interface Prediction {
  readonly state: "success" | "failed";
  readonly ends: Readonly<Record<string, End>>;
  /** What every successful instance returned, less the ids of runs that were made. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The tasks that made a run of the Dag's child, one each. */
  readonly makers: readonly string[];
  /** Tasks whose values the model does not know. */
  readonly unknown: readonly string[];
}

interface TaskEnd {
  readonly ends: readonly End[];
  /** What downstream gets. */
  readonly value: unknown;
}

/** Works a run out, task after task, whatever happens meanwhile. */
export function predict(dag: DagPlan, n: number): Prediction {
  const done = new Map<string, TaskEnd>();
  const ends: Record<string, End> = {};
  const values: Record<string, unknown> = {};
  const makers: string[] = [];
  const endsOf = (name: string): readonly End[] => done.get(name)?.ends ?? [];
  for (const task of dag.tasks) {
    const taskId = taskIdOf(dag, task);
    const verdict = isChosenAgainst(dag, task, done)
      ? "skipped"
      : decide(task.rule, upstreamOf(dag, task).flatMap(endsOf));
    const list = task.over === null ? null : (done.get(task.over)?.value as unknown[] | null);
    if (verdict !== "run" || list?.length === 0) {
      const end = verdict === "run" ? "skipped" : verdict;
      ends[taskId] = end;
      done.set(task.name, { ends: [end], value: task.kind === "mapped" ? [] : null });
      continue;
    }
    if (task.kind === "trigger") makers.push(taskId);
    const end = endOf(dag, task);
    const inputs = task.inputs.map((name) => done.get(name)?.value ?? null);
    const instances = list
      ? list.map((element, index) => [`${taskId}[${index}]`, [element]] as const)
      : [[taskId, []] as const];
    for (const [name, own] of instances) {
      ends[name] = end;
      if (end === "success" && task.kind !== "trigger")
        values[name] = returned(dag, task, n, [...inputs, ...own]);
    }
    const returns = instances.map(([name]) => values[name] ?? null);
    done.set(task.name, { ends: instances.map(() => end), value: list ? returns : returns[0] });
  }
  const above = new Set(dag.tasks.flatMap((task) => upstreamOf(dag, task)));
  const stamped = dag.isStamped ? [STAMPED.stamp, STAMPED.reader] : [];
  if (dag.isStamped) {
    for (let index = 0; index < STAMPED.elements; index += 1) ends[`${STAMPED.stamp}[${index}]`] = "success";
    ends[STAMPED.reader] = "success";
  }
  const hasFailed = dag.tasks.some(({ name }) => !above.has(name) && endsOf(name).some(isBad));
  return { state: hasFailed ? "failed" : "success", ends, values, makers, unknown: [...makers, ...stamped] };
}

/** Names of the tasks that a task waits for. */
function upstreamOf(dag: DagPlan, { inputs, after, over, side }: TaskPlan): readonly string[] {
  const above = [...inputs, ...after, ...(over === null ? [] : [over])];
  if (!side) return above;
  // What decides on a group comes before those of it that wait for no other of it.
  const isWithin = tasksOn(dag, side).some(({ name }) => above.includes(name));
  return isWithin ? above : [...new Set([...above, side.by])];
}

/** Where the task that decides has returned nothing, nothing is chosen, and the rules alone decide. */
function isChosenAgainst(dag: DagPlan, { side }: TaskPlan, done: ReadonlyMap<string, TaskEnd>): boolean {
  const value = side && (done.get(side.by)?.value as boolean | number | null | undefined);
  if (!side || value === null || value === undefined) return false;
  const isDefault = typeof value === "number" && tasksOn(dag, { by: side.by, on: value }).length === 0;
  return side.on !== (isDefault ? DEFAULT_CASE : value);
}

/** How a task ends that runs. */
function endOf(dag: DagPlan, { kind, failures, isSoft }: TaskPlan): End {
  if (kind === "trigger") return dag.child ? predict(dag.child.plan, dag.child.n).state : "failed";
  if (failures !== null) return "success";
  return isSoft && (kind === "poke" || kind === "reschedule") ? "skipped" : "failed";
}

function returned(
  dag: DagPlan,
  { name, kind, length, repeats }: TaskPlan,
  n: number,
  inputs: readonly unknown[],
): unknown {
  const text = JSON.stringify([dag.dagId, name, n, inputs]);
  const value = createHash("sha256").update(text).digest("hex");
  if (kind === "list") return Array.from({ length }, (_, index) => value + index);
  if (kind === "if") return Number.parseInt(value.slice(0, 8), 16) % 2 === 0;
  return kind === "switch" ? Number.parseInt(value.slice(0, 8), 16) % 3 : value.repeat(repeats);
}

function decide(rule: TaskPlan["rule"], above: readonly End[]): End | "run" {
  if (above.length === 0) return "run";
  switch (rule) {
    case "all_success":
      return above.some(isBad) ? "upstream_failed" : above.includes("skipped") ? "skipped" : "run";
    case "none_failed":
      return above.some(isBad) ? "upstream_failed" : "run";
    case "none_failed_min_one_success":
      return above.some(isBad) ? "upstream_failed" : above.includes("success") ? "run" : "skipped";
    case "all_failed":
      return above.every(isBad) ? "run" : "skipped";
    case "all_done":
      return "run";
  }
}

const isBad = (end: End): boolean => end === "failed" || end === "upstream_failed";
