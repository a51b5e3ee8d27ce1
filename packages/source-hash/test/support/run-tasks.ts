// Runs every task of a bundled Dag file, each in a realm of its own, and locates the handlers.

import { createRequire } from "node:module";
import vm from "node:vm";
import { transformSync } from "esbuild";
import { locateHandlers, type LocatedHandlers } from "@memodag/source-hash";
import { STAND_IN_SDK, tasksOf, type StandInTask } from "./stand-in-sdk.ts";

/** Canonical inputs by task, so that a changed upstream does not change what a task is given. */
export type TaskInputs = ReadonlyMap<string, string>;

/** What tasks returned, as JSON, or how they failed; by `dag.task`. */
export type TaskOutputs = ReadonlyMap<string, string>;

/** Sources of packages by name. */
export type PackageSources = Readonly<Record<string, string>>;

const nodeRequire = createRequire(import.meta.url);

/** Of a call's own time; fixtures take less than a millisecond, and a busy machine many times that. */
const DEADLINE_MS = 5_000;

/** ES modules as functions, compiled once for all realms. */
const scripts = new Map<string, vm.Script>();

function compile(source: string): vm.Script {
  let script = scripts.get(source);
  if (!script) {
    const { code } = transformSync(source, { format: "cjs", target: "node22", charset: "utf8" });
    script = new vm.Script(`(function (module, require) {const exports = module.exports;${code}\n})`);
    scripts.set(source, script);
  }
  return script;
}

/**
 * Evaluates an artifact anew: its modules' state is its own, its builtins are the realm's.
 * @throws whatever the artifact throws.
 */
function loadAnew(
  code: string,
  packages: PackageSources,
  context: vm.Context,
): ReadonlyMap<string, StandInTask> {
  const load = (source: string): Record<string, unknown> => {
    const module = { exports: {} as Record<string, unknown> };
    compile(source).runInContext(context)(module, (specifier: string) => {
      const found = specifier === "memodag" ? STAND_IN_SDK : packages[specifier];
      return found === undefined ? nodeRequire(specifier) : load(found);
    });
    return module.exports;
  };
  return tasksOf(withinDeadline(context, () => load(code)) as Record<string, unknown>);
}

/**
 * Calls from within the realm, where the engine can interrupt it: a mutant may loop without an end.
 * @throws ERR_SCRIPT_EXECUTION_TIMEOUT after the deadline.
 */
function withinDeadline(context: vm.Context, call: () => unknown): unknown {
  context["harnessCall"] = call;
  try {
    return vm.runInContext("harnessCall()", context, { timeout: DEADLINE_MS });
  } finally {
    delete context["harnessCall"];
  }
}

function newContext(): vm.Context {
  return vm.createContext({ console: { log: () => {} }, process: { env: {} }, Buffer });
}

/** Evaluates an artifact as the module that it is: where its functions are is where they are in its text. */
async function loadModule(code: string, packages: PackageSources): Promise<ReadonlyMap<string, StandInTask>> {
  const context = newContext();
  const module = new vm.SourceTextModule(code, { context, identifier: "artifact.mjs" });
  await module.link(async (specifier) => {
    const source = specifier === "memodag" ? STAND_IN_SDK : packages[specifier];
    if (source === undefined) throw new Error(`fixtures do not import ${specifier}`);
    const linked = new vm.SourceTextModule(source, { context, identifier: specifier });
    await linked.link(() => {
      throw new Error("packages of fixtures import nothing");
    });
    return linked;
  });
  await module.evaluate({ timeout: DEADLINE_MS });
  return tasksOf(module.namespace as Record<string, unknown>);
}

/** Locates the handlers of an artifact. */
export async function locate(code: string, packages: PackageSources): Promise<LocatedHandlers> {
  const tasks = await loadModule(code, packages);
  const handlers = new Map([...tasks].map(([key, { handler }]) => [key, handler]));
  return locateHandlers(handlers, { isArtifact: (url) => url === "artifact.mjs" });
}

/** Inputs of every task, from running the whole Dag once in order of declaration. */
export async function collectInputs(code: string, packages: PackageSources): Promise<TaskInputs> {
  const tasks = loadAnew(code, packages, newContext());
  const inputs = new Map<string, string>();
  const results = new Map<unknown, unknown>();
  for (const [key, task] of tasks) {
    const args = JSON.parse(JSON.stringify(await fill(task.args, results))) as object;
    inputs.set(key, JSON.stringify(args));
    results.set(task, await task.handler(args as never));
  }
  return inputs;
}

async function fill(value: unknown, results: ReadonlyMap<unknown, unknown>): Promise<unknown> {
  if (typeof value !== "object" || value === null) return value;
  const task: unknown = (value as { task?: unknown }).task;
  if (results.has(task)) return results.get(task);
  if (Array.isArray(value)) return Promise.all(value.map((item) => fill(item, results)));
  const filled = Object.entries(value).map(
    async ([name, inner]) => [name, await fill(inner, results)] as const,
  );
  return Object.fromEntries(await Promise.all(filled));
}

/** Runs each task of `inputs` by itself: no task sees what another did. */
export async function runTasks(
  code: string,
  inputs: TaskInputs,
  packages: PackageSources,
): Promise<TaskOutputs> {
  const outputs = new Map<string, string>();
  // One realm for all: what an artifact does to builtins it does again, and the same, for every task.
  const context = newContext();
  for (const [key, input] of inputs) {
    const task = loadAnew(code, packages, context).get(key);
    if (task) outputs.set(key, await runTask(task, input, context));
  }
  scripts.delete(code);
  return outputs;
}

async function runTask(task: StandInTask, input: string, context: vm.Context): Promise<string> {
  try {
    const args = vm.runInContext(`(${input})`, context) as never;
    const result = withinDeadline(context, () => task.handler(args));
    return JSON.stringify(await settledSoon(result)) ?? "undefined";
  } catch (error) {
    return `failed: ${(error as Error | undefined)?.message}`;
  }
}

/** A mutant may wait for what never comes; no fixture waits for anything else than promises. */
async function settledSoon(result: unknown): Promise<unknown> {
  const turns = (async () => {
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    throw new Error("it does not end");
  })();
  return Promise.race([result, turns]);
}
