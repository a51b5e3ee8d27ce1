// The files of random Dags.

import { DEFAULT_CASE, groupOf, tasksOn, type DagPlan, type Side, type TaskPlan } from "./dag-plan.ts";

/** Texts of the files, by their names. Each try notes itself in the file at `notes`, by the name of its log. */
export function dagFileTexts(dag: DagPlan, notes: string): Map<string, string> {
  const texts = new Map([[`${dag.dagId}.ts`, dagFileText(dag, notes)]]);
  if (dag.child) texts.set(`${dag.child.plan.dagId}.ts`, dagFileText(dag.child.plan, notes));
  return texts;
}

function dagFileText(dag: DagPlan, notes: string): string {
  const { dagId, maxActiveTasks, tasks } = dag;
  const groups = new Set(tasks.flatMap((task) => groupOf(dag, task) ?? []));
  return `import { createHash } from "node:crypto";
import { appendFileSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Dag, getContext } from "memodag";

type Plan = { name: string; kind: string; length: number; failures: number | null; ms: number; pokes: number };

const NOTES = ${JSON.stringify(notes)};

/** Notes a try. Which one it is stands in no context that may be read without being in the key. */
function note(): string {
  const log = readlinkSync("/proc/self/fd/1");
  appendFileSync(NOTES, log + "\\n");
  return log;
}

function valueOf(plan: Plan, inputs: unknown[]): unknown {
  const text = JSON.stringify([${JSON.stringify(dagId)}, plan.name, getContext().params.n, inputs]);
  const value = createHash("sha256").update(text).digest("hex");
  if (plan.kind === "list") return Array.from({ length: plan.length }, (_, index) => value + index);
  if (plan.kind === "if") return parseInt(value.slice(0, 8), 16) % 2 === 0;
  return plan.kind === "switch" ? parseInt(value.slice(0, 8), 16) % 3 : value;
}

async function play(plan: Plan, inputs: unknown[]): Promise<any> {
  const log = note();
  await sleep(plan.ms);
  const tryNumber = Number(/attempt=(\\d+)\\.log$/.exec(log)?.[1]);
  if (plan.failures === null || tryNumber <= plan.failures) throw new Error("planned");
  return valueOf(plan, inputs);
}

function poke(plan: Plan, inputs: unknown[]): any {
  // A sensor that is lost, or asked again later, goes on with the try that it began: in many processes.
  if (!readFileSync(NOTES, "utf8").includes(readlinkSync("/proc/self/fd/1") + "\\n")) note();
  const { dagRun, task } = getContext();
  const name = \`\${NOTES}.\${dagRun.runId}.\${task.taskId}\`;
  appendFileSync(name, ".");
  if (plan.failures === null || readFileSync(name).length < plan.pokes) return false;
  return { done: true, value: valueOf(plan, inputs) };
}

export const dag = new Dag(${JSON.stringify(dagId)}, { params: { n: 0 }, maxActiveTasks: ${maxActiveTasks} });
${Array.from(groups, (group) => `const ${group} = dag.taskGroup("${group}");`).join("\n")}
${tasks.map((task) => taskText(dag, task)).join("\n")}
${tasks.map((task) => branchText(dag, task)).join("\n")}
`;
}

function taskText(dag: DagPlan, task: TaskPlan): string {
  const { name, inputs, after, over } = task;
  const names = inputs.map((_, index) => `a${index}`);
  const args = inputs.map((input, index) => `a${index}: ${input}`).join(", ");
  const call =
    over === null
      ? `({ ${args} } as never)`
      : `.partial({ ${args} } as never).expand({ x: ${over} } as never)`;
  const declared = declaration(dag, task, over === null ? names : [...names, "x"]);
  const ref = task.kind === "trigger" ? declared : `${declared}${call}`;
  return `const ${name}: any = ${ref};\n${after.length === 0 ? "" : `${name}.after(${after.join(", ")});`}`;
}

function declaration(dag: DagPlan, task: TaskPlan, names: readonly string[]): string {
  const { name, kind, rule, retries, isCached, isSoft, failures, length, ms, pokes } = task;
  const scope = groupOf(dag, task) ?? "dag";
  const id = JSON.stringify(name);
  const type = names.map((argument) => `${argument}: unknown`).join("; ");
  const handler = (called: string): string =>
    `async ({ ${names.join(", ")} }: { ${type} }) => ` +
    `${called}(${JSON.stringify({ name, kind, length, failures, ms, pokes })}, [${names.join(", ")}])`;
  const options = { triggerRule: rule, retries, retryDelay: "20ms" };
  switch (kind) {
    case "trigger": {
      const made = { dagId: dag.child?.plan.dagId, params: { n: dag.child?.n }, waitForCompletion: true };
      return `${scope}.triggerDagRun(${id}, ${JSON.stringify({ ...made, triggerRule: rule })} as never)`;
    }
    case "poke":
    case "reschedule": {
      const timeout = failures === null && { timeout: "300ms", softFail: isSoft };
      const sensing = { mode: kind, pokeInterval: "40ms", ...timeout };
      return `${scope}.sensor(${id}, ${handler("poke")}, ${JSON.stringify({ ...options, ...sensing })} as never)`;
    }
    default: {
      const caching = isCached && { cache: { includeInputs: ["params.n"] } };
      return `${scope}.task(${id}, ${handler("play")}, ${JSON.stringify({ ...options, ...caching })} as never)`;
    }
  }
}

/** What is chosen by the task, if it decides anything. */
function branchText(dag: DagPlan, { name, kind }: TaskPlan): string {
  const target = (on: Side["on"]): string | undefined => {
    const [task] = tasksOn(dag, { by: name, on });
    return task && (groupOf(dag, task) ?? task.name);
  };
  const text = (written: string, of: string | undefined): string =>
    of === undefined ? "" : written.replace("_", () => of);
  if (kind === "if" && target(true) !== undefined)
    return `dag.if(${name})${text(".then(_)", target(true))}${text(".else(_)", target(false))};`;
  if (kind === "switch" && target(0) !== undefined)
    return `dag.switch(${name})${text(".case(0, _)", target(0))}${text(".case(1, _)", target(1))}${text(".default(_)", target(DEFAULT_CASE))};`;
  return "";
}
