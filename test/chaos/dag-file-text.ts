// The files of random Dags.

import {
  DEFAULT_CASE,
  MANY_TRIES,
  STAMPED,
  groupOf,
  tasksOn,
  type DagPlan,
  type Side,
  type TaskPlan,
} from "./dag-plan.ts";

/** What Dag files write, and where. */
export interface DagNotes {
  /** Each try notes itself here, by the name of its log. */
  readonly tries: string;
  /** Each attempt notes here, as JSON, that it has begun and ended. */
  readonly witness?: string;
}

/** Texts of the files, by their names. */
export function dagFileTexts(dag: DagPlan, notes: DagNotes): Map<string, string> {
  const texts = new Map([[`${dag.dagId}.ts`, dagFileText(dag, notes)]]);
  if (dag.child) texts.set(`${dag.child.plan.dagId}.ts`, dagFileText(dag.child.plan, notes));
  return texts;
}

function dagFileText(dag: DagPlan, notes: DagNotes): string {
  const { dagId, maxActiveTasks, tasks } = dag;
  const groups = new Set(tasks.flatMap((task) => groupOf(dag, task) ?? []));
  return `import { createHash } from "node:crypto";
import { appendFileSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Dag, getContext } from "memodag";

type Plan = {
  name: string; kind: string; length: number; failures: number | null; ms: number; pokes: number; repeats: number;
  isCached: boolean;
};

const NOTES = ${JSON.stringify(notes.tries)};
const WITNESS: string | null = ${JSON.stringify(notes.witness ?? null)};

const ownLog = (): string => readlinkSync("/proc/self/fd/1");

/** Notes a try. Which one it is stands in no context that may be read without being in the key. */
function note(): string {
  appendFileSync(NOTES, ownLog() + "\\n");
  return ownLog();
}

/** Notes what an attempt does. What is cached must not know its id; its log tells its try. */
function witness(what: string, attemptId: string | null, saw?: string[]): void {
  if (WITNESS === null) return;
  const line = { what, attemptId, log: ownLog(), at: Date.now(), saw };
  appendFileSync(WITNESS, JSON.stringify(line) + "\\n");
}

const idUnless = (isCached: boolean): string | null => isCached ? null : getContext().taskInstance.attemptId;

function valueOf(plan: Plan, inputs: unknown[]): unknown {
  const text = JSON.stringify([${JSON.stringify(dagId)}, plan.name, getContext().params.n, inputs]);
  const value = createHash("sha256").update(text).digest("hex");
  if (plan.kind === "list") return Array.from({ length: plan.length }, (_, index) => value + index);
  if (plan.kind === "if") return parseInt(value.slice(0, 8), 16) % 2 === 0;
  return plan.kind === "switch" ? parseInt(value.slice(0, 8), 16) % 3 : value.repeat(plan.repeats);
}

async function play(plan: Plan, inputs: unknown[]): Promise<any> {
  const log = note();
  const attemptId = idUnless(plan.isCached);
  witness("begun", attemptId);
  await sleep(plan.ms);
  witness("ended", attemptId);
  const tryNumber = Number(/attempt=(\\d+)\\.log$/.exec(log)?.[1]);
  if (plan.failures === null || tryNumber <= plan.failures) throw new Error("planned");
  return valueOf(plan, inputs);
}

let hasBegun = false;

function poke(plan: Plan, inputs: unknown[]): any {
  // A sensor that is lost, or asked again later, goes on with the try that it began: in many processes.
  const ownTry = ownLog().replace(/^.*run_id=/, "run_id=");
  if (!readFileSync(NOTES, "utf8").includes(ownTry + "\\n")) note();
  const attemptId = idUnless(false);
  if (!hasBegun) witness("begun", attemptId);
  hasBegun = true;
  const { dagRun, task } = getContext();
  const name = \`\${NOTES}.\${dagRun.runId}.\${task.taskId}\`;
  appendFileSync(name, ".");
  witness("ended", attemptId);
  if (plan.failures === null || readFileSync(name).length < plan.pokes) return false;
  return { done: true, value: valueOf(plan, inputs) };
}

export const dag = new Dag(${JSON.stringify(dagId)}, { params: { n: 0 }, maxActiveTasks: ${maxActiveTasks} });
${Array.from(groups, (group) => `const ${group} = dag.taskGroup("${group}");`).join("\n")}
${tasks.map((task) => taskText(dag, task)).join("\n")}
${tasks.map((task) => branchText(dag, task)).join("\n")}
${dag.isStamped ? stampedText() : ""}
`;
}

function stampedText(): string {
  const { stamp, elements, reader } = STAMPED;
  const options = `{ retries: ${MANY_TRIES}, retryDelay: "20ms" }`;
  const list = JSON.stringify(Array.from({ length: elements }, (_, index) => index));
  return `const stamps: any = dag.task("${stamp}", async ({ x }: { x: number }) => {
  note();
  const id = idUnless(false);
  witness("begun", id);
  await sleep(100 + 400 * x);
  witness("ended", id);
  return id;
}, ${options} as never).partial({} as never).expand({ x: ${list} } as never);
dag.task("${reader}", async ({ ids }: { ids: string[] }) => {
  note();
  const id = idUnless(false);
  witness("begun", id, ids);
  witness("ended", id);
  return ids;
}, ${options} as never)({ ids: stamps } as never);`;
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
  const { name, kind, rule, retries, isCached, isSoft, failures, length, ms, pokes, repeats } = task;
  const scope = groupOf(dag, task) ?? "dag";
  const id = JSON.stringify(name);
  const type = names.map((argument) => `${argument}: unknown`).join("; ");
  const handler = (called: string): string =>
    `async ({ ${names.join(", ")} }: { ${type} }) => ` +
    `${called}(${JSON.stringify({ name, kind, length, failures, ms, pokes, repeats, isCached })}, [${names.join(", ")}])`;
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
