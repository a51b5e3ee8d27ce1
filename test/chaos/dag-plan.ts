// Random Dags, as a test draws them.

import type { Random } from "./random.ts";

/** Rules that decide when everything upstream has ended, so that a task's inputs do not hang on timing. */
const RULES = [
  "all_success",
  "all_success",
  "all_success",
  "all_done",
  "none_failed",
  "none_failed_min_one_success",
  "all_failed",
] as const;

/** Tries enough for every kill there may be. */
export const MANY_TRIES = 60;

/** Every Dag has one of each; the rest is drawn. */
const ALWAYS = ["if", "poke", "switch", "reschedule", "trigger"] as const;

/** How long tasks of a Dag take, and how large their values are. */
export interface DagScale {
  /** Of the longest tasks, in milliseconds. */
  readonly longestMs: number;
  /** How often a value repeats its 64 characters; one of them is drawn for each task. */
  readonly repeats: readonly number[];
  /** Whether Dags have the tasks of {@link STAMPED}. */
  readonly isStamped: boolean;
}

/**
 * Tasks whose values no model knows: elements of the first return the ids of their attempts, and the second notes which
 * ones it saw.
 */
export const STAMPED = { stamp: "stamp", elements: 3, reader: "reader" } as const;

/** Short tasks with small values. */
const QUICK: DagScale = { longestMs: 250, repeats: [1], isStamped: false };

const KINDS = ["plain", "plain", "plain", "list", "list", "poke", "reschedule"] as const;

/** What a task does, besides returning what its inputs and its Dag come to. */
export type TaskKind =
  /** Returns a text, a list of them, or takes one for each element of such a list. */
  | "plain"
  | "list"
  | "mapped"
  /** Returns true or false, or a number from 0 to 2, by which others are chosen. */
  | "if"
  | "switch"
  /** A sensor that finds what it looks for after some pokes, of either mode. */
  | "poke"
  | "reschedule"
  /** Makes a run of the Dag's child, and waits for its end. */
  | "trigger";

/** What a switch chooses where what was returned has no case. */
export const DEFAULT_CASE = 2;

/** What a branch says about a task: it runs where the task that decides, `by`, has returned `on`. */
export interface Side {
  readonly by: string;
  readonly on: boolean | number;
}

/** One task of a random Dag. */
export interface TaskPlan {
  /** Its id, in the group that it may be in. */
  readonly name: string;
  readonly kind: TaskKind;
  readonly rule: (typeof RULES)[number];
  /** Names of the tasks whose values it takes, the list that it is mapped over apart. */
  readonly inputs: readonly string[];
  /** Names of the tasks that it only comes after. */
  readonly after: readonly string[];
  readonly over: string | null;
  /** Elements of a list. */
  readonly length: number;
  /** How often a value of a plain or mapped task repeats what it comes to. */
  readonly repeats: number;
  /** Every try up to this one fails; `null`: every try. A sensor of that kind never finds anything. */
  readonly failures: number | null;
  readonly retries: number;
  readonly isCached: boolean;
  /** How long a try takes, in milliseconds. */
  readonly ms: number;
  /** Pokes of a sensor until it finds what it looks for. */
  readonly pokes: number;
  /** Whether a sensor that finds nothing is skipped. */
  readonly isSoft: boolean;
  readonly side: Side | null;
}

/** A random Dag. */
export interface DagPlan {
  readonly dagId: string;
  readonly maxActiveTasks: number;
  readonly tasks: readonly TaskPlan[];
  /** The Dag whose runs a task of it makes, and their param. */
  readonly child: { readonly plan: DagPlan; readonly n: number } | null;
  readonly isStamped: boolean;
}

/** Draws a Dag with something of everything, and the one that it makes runs of. */
export function drawDag(random: Random, dagId: string, scale: DagScale = QUICK): DagPlan {
  const tasks: TaskPlan[] = [];
  const count = ALWAYS.length + random.between(4, 8);
  const always: TaskKind[] = [...ALWAYS];
  for (let index = 0; index < count; index += 1) {
    const mustBe = random.isTrue(always.length / (count - index)) ? always.shift() : undefined;
    tasks.push(drawTask(random, `t${index}`, tasks, { mustBe, scale }));
  }
  const { isStamped } = scale;
  const own = drawPlainTasks(random, scale);
  const plan = { dagId: `${dagId}child`, maxActiveTasks: 4, tasks: own, child: null, isStamped };
  return {
    dagId,
    maxActiveTasks: random.between(2, 8),
    tasks,
    child: { plan, n: random.between(0, 1) },
    isStamped,
  };
}

function drawPlainTasks(random: Random, scale: DagScale): TaskPlan[] {
  const tasks: TaskPlan[] = [];
  const count = random.between(1, 3);
  for (let index = 0; index < count; index += 1)
    tasks.push(drawTask(random, `t${index}`, tasks, { mustBe: undefined, scale }));
  return tasks;
}

function drawTask(
  random: Random,
  name: string,
  above: readonly TaskPlan[],
  { mustBe, scale }: { readonly mustBe: TaskKind | undefined; readonly scale: DagScale },
): TaskPlan {
  const lists = above.filter(({ kind }) => kind === "list");
  const isMapped = mustBe === undefined && lists.length > 0 && random.isTrue(0.4);
  const kind = mustBe ?? (isMapped ? "mapped" : random.pick(KINDS));
  const over = isMapped ? random.pick(lists).name : null;
  const drawn = above.filter((task) => task.name !== over && random.isTrue(1.5 / above.length)).slice(0, 3);
  // The id of a run that was made is no value that a model knows.
  const isInput = (task: TaskPlan): boolean => kind !== "trigger" && task.kind !== "trigger";
  const isHopeless = random.isTrue(0.08);
  const isSensor = kind === "poke" || kind === "reschedule";
  return {
    name,
    kind,
    rule: isMapped || drawn.length === 0 ? "all_success" : random.pick(RULES),
    inputs: drawn.filter(isInput).map((task) => task.name),
    after: drawn.filter((task) => !isInput(task)).map((task) => task.name),
    over,
    length: random.between(0, 4),
    repeats: random.pick(scale.repeats),
    failures: isHopeless ? null : isSensor ? 0 : random.pick([0, 0, 0, 1, 2]),
    // A sensor whose time is over is not tried again, however many tries it has.
    retries: isHopeless && !isSensor ? random.between(0, 2) : MANY_TRIES,
    isCached: random.isTrue(0.5),
    ms: random.between(5, random.isTrue(0.7) ? QUICK.longestMs : scale.longestMs),
    pokes: random.between(1, 4),
    isSoft: random.isTrue(0.5),
    side: mustBe === undefined ? drawSide(random, above) : null,
  };
}

function drawSide(random: Random, above: readonly TaskPlan[]): Side | null {
  const deciders = above.filter(({ kind }) => kind === "if" || kind === "switch");
  if (deciders.length === 0 || random.isTrue(0.4)) return null;
  const { name: by, kind } = random.pick(deciders);
  // A branch has to have a first side.
  const isFirst = above.every(({ side }) => side?.by !== by);
  if (kind === "if") return { by, on: isFirst || random.isTrue(0.5) };
  return { by, on: isFirst ? 0 : random.between(0, DEFAULT_CASE) };
}

/** The tasks that a branch chooses together. */
export function tasksOn({ tasks }: DagPlan, { by, on }: Side): readonly TaskPlan[] {
  return tasks.filter(({ side }) => side?.by === by && side.on === on);
}

/** The group that a task is in, as others are chosen with it. */
export function groupOf(dag: DagPlan, { side }: TaskPlan): string | null {
  return side && tasksOn(dag, side).length > 1 ? `${side.by}_${side.on}` : null;
}

/** The id that a task has in its Dag. */
export function taskIdOf(dag: DagPlan, task: TaskPlan): string {
  const group = groupOf(dag, task);
  return group === null ? task.name : `${group}.${task.name}`;
}
