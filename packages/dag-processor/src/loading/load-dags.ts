// Reads the Dags of an artifact in a process of its own, which may throw, end or hang as it likes.

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Clock } from "@memodag/core";
import type { LoadAnswer, LoaderStarted, LoadRequest } from "./loader-messages.ts";

/** What came of loading: the loader's answer, or why there is none. */
export type LoadOutcome =
  | LoadAnswer
  | { readonly kind: "timed_out" }
  | {
      readonly kind: "exited";
      readonly code: number | null;
      readonly signal: string | null;
      /** The end of what it wrote to stderr. */
      readonly stderr: string;
    };

/** Where a file is loaded, how long it may take, and by which clock. */
export interface LoadSurroundings {
  /** The bundle's folder, as for a worker: a file's relative paths mean the same at all times. */
  readonly cwd: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

// The same file for sources and for what is built from them: a fork runs compiled code alone, in one
// piece, which starts twice as fast.
const CHILD = fileURLToPath(new URL("../../dist/loader/loader-child.js", import.meta.url));
const KEPT_STDERR = 4_096;

/** Forks, loads and ends the process, whatever comes of it. Rejects when the process does not start. */
export function loadDags(request: LoadRequest, surroundings: LoadSurroundings): Promise<LoadOutcome> {
  return new Promise((resolve, reject) => {
    const child = fork(CHILD, {
      cwd: surroundings.cwd,
      env: withoutSettings(process.env),
      execArgv: ["--enable-source-maps"],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-KEPT_STDERR);
    });
    const cancelTimer = surroundings.clock.after(surroundings.timeoutMs, () => settle({ kind: "timed_out" }));
    const settle = (outcome: LoadOutcome): void => {
      cancelTimer();
      child.kill("SIGKILL");
      resolve(outcome);
    };
    const fail = (error: Error): void => {
      cancelTimer();
      reject(error);
    };
    let started = false;
    child.once("error", fail);
    child.on("message", (message: LoaderStarted | LoadAnswer) => {
      if (message.kind === "started") started = true;
      else settle(message);
    });
    // "close" comes after the last of stderr; whoever settled first is heard.
    child.once("close", (code, signal) => {
      if (started) settle({ kind: "exited", code, signal, stderr });
      else fail(new Error(`The process that reads Dag files does not start: ${stderr}`));
    });
    // A process that is gone already is told about by "close".
    child.send(request, () => {});
  });
}

/** Settings may hold the metadata database's URL: no Dag file sees them. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("MEMODAG_")));
}
