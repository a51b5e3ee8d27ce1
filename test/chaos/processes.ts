// Processes of a chaos test, found in /proc: Linux only.

import { readdirSync, readFileSync } from "node:fs";

/** Ids of processes that run attempts: those that `isIts` says are the test's. */
function listTasks(isIts: (pid: number) => boolean): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("worker-bundle/main.js") && isIts(pid);
      } catch {
        return false;
      }
    });
}

/** Processes of attempts that were started from a folder: it is in the environment that they have from there. */
export function listTasksOf(folder: string): number[] {
  return listTasks((pid) => readFileSync(`/proc/${pid}/environ`, "utf8").includes(`PWD=${folder}`));
}

/** Processes of attempts that a process has started. */
export function listTasksBelow(parent: number): number[] {
  return listTasks((pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name of the program, in parentheses, may contain anything.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === parent;
  });
}

/** Sends a signal to a process, unless it has just ended by itself. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone.
  }
}
