// Prepares a worker for an attempt that is not known yet, and moves it to the log and folder of the attempt.
//
// Nothing of a task is read or run ahead: its code must find its own environment, folder and log in place.

import { closeSync, openSync, readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { assembleArguments, sha256, type Attempt } from "@memodag/core";
import type { Dag } from "@memodag/sdk";
import { runHandler } from "@memodag/sdk/runtime";
import { toExecutorFrame, type TakeOver } from "../protocol.ts";
import { scopeOf, type AttemptSupport } from "./run-attempt.ts";

/** Descriptors of stdout and stderr. The lowest free one is the next to be opened. */
const OUTPUT = [1, 2];

/** A module such as an artifact, with memodag's own tasks: enough of them that declaring one is compiled as well. */
const OWN_MODULE = `import { Dag } from "@memodag/sdk";
export const dag = new Dag("prepared");
let last = dag.task("it", async () => [0], { cache: true })({});
for (let n = 0; n < 30; n += 1) last = dag.task("it" + n, async ({ of }) => [of])({ of: last });`;

const OWN_ATTEMPT: Attempt = {
  attemptId: "",
  queue: "",
  team: "",
  dagId: "prepared",
  runId: "",
  taskId: "it",
  mapIndex: -1,
  tryNumber: 1,
  file: { bundle: "", path: "" },
  artifactDigest: "",
  args: [],
  results: [],
  context: {
    dag: { dagId: "prepared" },
    dagRun: { runId: "", runType: "manual", logicalDate: null, conf: {} },
    task: { taskId: "it" },
    taskInstance: { mapIndex: -1, tryNumber: 1, maxTries: 1, attemptId: "" },
    params: {},
    logicalDate: null,
    dataInterval: null,
  },
  declaredContext: [],
  declaredEnv: [],
  executionTimeoutMs: null,
};

/**
 * Loads and compiles what every attempt needs, by running a task of memodag's own: functions are compiled when they
 * are first called, and that takes longer than a small task.
 */
export async function prepare(support: AttemptSupport): Promise<void> {
  sha256(readFileSync(fileURLToPath(import.meta.url)));
  const dag = await loadOwnDag();
  const args = assembleArguments({ args: [], results: new Map() });
  const scope = scopeOf({ attempt: OWN_ATTEMPT, maxXComBytes: 1_000 }, support);
  const outcome = await runHandler(dag, "it", args, scope);
  const { xcoms } = outcome;
  toExecutorFrame({
    kind: "outcome",
    outcome: { kind: "succeeded", xcoms, durationMs: 0, uncacheable: null, packages: [] },
  });
}

/** Its module is not a file, as no artifact is. The hooks of an attempt come later, and see nothing of it. */
async function loadOwnDag(): Promise<Dag> {
  const url = new URL("./prepared.mjs", import.meta.url).href;
  const hooks = registerHooks({
    resolve: (specifier, context, nextResolve) =>
      specifier === url ? { url, format: "module", shortCircuit: true } : nextResolve(specifier, context),
    load: (loaded, context, nextLoad) =>
      loaded === url
        ? { format: "module", source: Buffer.from(OWN_MODULE), shortCircuit: true }
        : nextLoad(loaded, context),
  });
  const { dag } = (await import(/* @vite-ignore */ url)) as { dag: Dag };
  hooks.deregister();
  return dag;
}

/**
 * Moves this process to the folder and the log of its attempt.
 * @throws the system's error; the process then cannot run the attempt
 */
export function takeOver({ logPath, cwd }: TakeOver): void {
  process.chdir(cwd);
  for (const fd of OUTPUT) {
    closeSync(fd);
    const opened = openSync(logPath, "a");
    if (opened !== fd) throw new Error(`descriptor ${opened} was opened in place of ${fd}`);
  }
}
