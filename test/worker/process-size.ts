// The size of a process: its heap without garbage, its open files, timers and sockets, and its children.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** The size of a process. */
export interface ProcessSize {
  readonly heapBytes: number;
  /** 0 where the system does not say. */
  readonly descriptors: number;
  /** Timers, sockets and other resources that keep it running. */
  readonly resources: number;
  /** Processes that it has started; 0 where the system does not say. */
  readonly children: number;
}

/** Measures this process. */
export async function measureProcess(): Promise<ProcessSize> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // What a finalizer lets go of is garbage only then.
  for (let round = 0; round < 3; round += 1) {
    collect();
    await nextTurn();
  }
  const descriptors = existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : 0;
  return {
    heapBytes: process.memoryUsage().heapUsed,
    descriptors,
    resources: process.getActiveResourcesInfo().length,
    children: countChildren(),
  };
}

function countChildren(): number {
  const tasks = "/proc/self/task";
  if (!existsSync(tasks)) return 0;
  const lists = readdirSync(tasks).map((task) => readFileSync(`${tasks}/${task}/children`, "utf8"));
  return lists.join(" ").split(" ").filter(Boolean).length;
}
