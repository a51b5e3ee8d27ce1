// Random Dags, and what must come of a run of one: the model that chaos is measured by.

import { createHash } from "node:crypto";
import type { Random } from "./random.ts";

/** Rules that decide when everything upstream has ended, so that a task's inputs do not hang on timing. */
const RULES = ["all_success", "all_success", "all_success", "all_done", "none_failed", "all_failed"] as const;

/** Tries enough for every kill there may be. */
const MANY_TRIES = 60;

/** One task of a random Dag. */
export interface TaskPlan {
  readonly id: string;
  /** A `list` returns one, and a `mapped` task has an instance for each element of one. */
  readonly kind: "plain" | "list" | "mapped";
  readonly rule: (typeof RULES)[number];
  /** Ids of the tasks whose values it takes, the list that it is mapped over apart. */
  readonly inputs: readonly string[];
  readonly over: string | null;
  /** Elements of a list. */
  readonly length: number;
  /** Every try up to this one fails; `null`: every try. */
  readonly failures: number | null;
  readonly retries: number;
  readonly isCached: boolean;
  /** How long a try takes, in milliseconds. */
  readonly ms: number;
}

/** A random Dag. */
export interface DagPlan {
  readonly dagId: string;
  readonly maxActiveTasks: number;
  readonly tasks: readonly TaskPlan[];
}

/** Draws a Dag. */
export function drawDag(random: Random, dagId: string): DagPlan {
  const tasks: TaskPlan[] = [];
  const count = random.between(4, 9);
  for (let index = 0; index < count; index += 1) tasks.push(drawTask(random, `t${index}`, tasks));
  return { dagId, maxActiveTasks: random.between(2, 8), tasks };
}

function drawTask(random: Random, id: string, above: readonly TaskPlan[]): TaskPlan {
  const lists = above.filter(({ kind }) => kind === "list");
  const isMapped = lists.length > 0 && random.isTrue(0.4);
  const over = isMapped ? random.pick(lists).id : null;
  const inputs = above.filter((task) => task.id !== over && random.isTrue(1.5 / above.length));
  const isHopeless = random.isTrue(0.12);
  return {
    id,
    kind: isMapped ? "mapped" : random.isTrue(0.3) ? "list" : "plain",
    rule: isMapped || inputs.length === 0 ? "all_success" : random.pick(RULES),
    inputs: inputs.slice(0, 3).map((task) => task.id),
    over,
    length: random.between(0, 4),
    failures: isHopeless ? null : random.pick([0, 0, 0, 1, 2]),
    retries: isHopeless ? random.between(0, 2) : MANY_TRIES,
    isCached: random.isTrue(0.5),
    ms: random.between(5, 250),
  };
}

/** The text of the Dag's file. Each try notes itself in the file at `notes`, by the name of its log. */
export function dagFileText({ dagId, maxActiveTasks, tasks }: DagPlan, notes: string): string {
  return `import { createHash } from "node:crypto";
import { appendFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Dag, getContext } from "memodag";

type Plan = { id: string; kind: string; length: number; failures: number | null; ms: number };

async function play(plan: Plan, inputs: unknown[]): Promise<unknown> {
  // Which try this is stands in no context that may be read without being in the key.
  const log = readlinkSync("/proc/self/fd/1");
  appendFileSync(${JSON.stringify(notes)}, log + "\\n");
  await sleep(plan.ms);
  const tryNumber = Number(/attempt=(\\d+)\\.log$/.exec(log)?.[1]);
  if (plan.failures === null || tryNumber <= plan.failures) throw new Error("planned");
  const text = JSON.stringify([${JSON.stringify(dagId)}, plan.id, getContext().params.n, inputs]);
  const value = createHash("sha256").update(text).digest("hex");
  return plan.kind === "list" ? Array.from({ length: plan.length }, (_, index) => value + index) : value;
}

export const dag = new Dag(${JSON.stringify(dagId)}, { params: { n: 0 }, maxActiveTasks: ${maxActiveTasks} });
${tasks.map(taskText).join("\n")}
`;
}

function taskText({ id, rule, inputs, over, retries, isCached, ...plan }: TaskPlan): string {
  const names = [...inputs.map((_, index) => `a${index}`), ...(over === null ? [] : ["x"])];
  const { kind, length, failures, ms } = plan;
  const type = names.map((name) => `${name}: unknown`).join("; ");
  const args = inputs.map((input, index) => `a${index}: ${input}`).join(", ");
  const options = {
    triggerRule: rule,
    retries,
    retryDelay: "20ms",
    ...(isCached && { cache: { includeInputs: ["params.n"] } }),
  };
  return `const ${id}Task = dag.task("${id}", async ({ ${names.join(", ")} }: { ${type} }) =>
  play(${JSON.stringify({ id, kind, length, failures, ms })}, [${names.join(", ")}]), ${JSON.stringify(options)});
const ${id}: any = ${id}Task${over === null ? `({ ${args} } as never)` : `.partial({ ${args} } as never).expand({ x: ${over} } as never)`};`;
}

/** How an instance ends. */
export type End = "success" | "failed" | "skipped" | "upstream_failed";

/** What must come of a run: instances as \`task\` or \`task[index]\`. */
export interface Prediction {
  readonly state: "success" | "failed";
  readonly ends: Readonly<Record<string, End>>;
  /** What every successful instance returned. */
  readonly values: Readonly<Record<string, unknown>>;
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
  for (const task of dag.tasks) {
    const above = [...task.inputs, ...(task.over === null ? [] : [task.over])];
    const verdict =
      above.length === 0
        ? "run"
        : decide(
            task.rule,
            above.flatMap((id) => done.get(id)?.ends ?? []),
          );
    const list = task.over === null ? null : (done.get(task.over)?.value as unknown[] | null);
    if (verdict !== "run" || list?.length === 0) {
      const end = verdict === "run" ? "skipped" : verdict;
      ends[task.id] = end;
      done.set(task.id, { ends: [end], value: task.kind === "mapped" ? [] : null });
      continue;
    }
    const inputs = task.inputs.map((id) => done.get(id)?.value ?? null);
    const end: End = task.failures === null ? "failed" : "success";
    const valueOf = (own: readonly unknown[]): unknown => returned(dag, task, n, [...inputs, ...own]);
    const instances = list
      ? list.map((element, index) => [`${task.id}[${index}]`, [element]] as const)
      : [[task.id, []] as const];
    for (const [name, own] of instances) {
      ends[name] = end;
      if (end === "success") values[name] = valueOf(own);
    }
    const returns = instances.map(([name]) => values[name] ?? null);
    done.set(task.id, { ends: instances.map(() => end), value: list ? returns : (returns[0] ?? null) });
  }
  const above = new Set(dag.tasks.flatMap((task) => [...task.inputs, task.over]));
  const leaves = dag.tasks.filter((task) => !above.has(task.id));
  const hasFailed = leaves.some((task) => done.get(task.id)?.ends.some(isBad));
  return { state: hasFailed ? "failed" : "success", ends, values };
}

function returned(dag: DagPlan, task: TaskPlan, n: number, inputs: readonly unknown[]): unknown {
  const text = JSON.stringify([dag.dagId, task.id, n, inputs]);
  const value = createHash("sha256").update(text).digest("hex");
  return task.kind === "list" ? Array.from({ length: task.length }, (_, index) => value + index) : value;
}

function decide(rule: TaskPlan["rule"], above: readonly End[]): End | "run" {
  switch (rule) {
    case "all_success":
      return above.some(isBad) ? "upstream_failed" : above.includes("skipped") ? "skipped" : "run";
    case "none_failed":
      return above.some(isBad) ? "upstream_failed" : "run";
    case "all_failed":
      return above.every(isBad) ? "run" : "skipped";
    case "all_done":
      return "run";
  }
}

const isBad = (end: End): boolean => end === "failed" || end === "upstream_failed";
