// The mark that every process of an attempt carries in its environment, and the killing of all that carry it.
//
// A process group does not hold those that took a session of their own (setsid, `detached`, daemons), and once
// their parent is gone nothing links them to the attempt but what they inherited. Linux shows the environment a
// process was started with. What clears its environment and leaves its parent is found in no way but by a cgroup.

import { readdirSync, readFileSync } from "node:fs";

/** The variable of the mark. Its value holds the marks of all attempts that a process is part of, outermost first. */
export const MARK_VARIABLE = "MEMODAG_ATTEMPTS";

const SEPARATOR = ",";

/** A process that forks faster than it is killed is given up after so many looks. */
const MOST_ROUNDS = 20;

/** Whether this system shows the environment of processes. */
const CAN_LOOK = process.platform === "linux";

/** The value of {@link MARK_VARIABLE} in a process of the attempt, also where this process is part of one itself. */
export function markValue(mark: string, inherited: string | undefined): string {
  return inherited === undefined || inherited === "" ? mark : inherited + SEPARATOR + mark;
}

/** The processes below one, as far as their parents live; those of other sessions among them. */
export function listDescendants(pid: number): number[] {
  if (!CAN_LOOK) return [];
  const children = new Map<number, number[]>();
  for (const each of listProcesses()) {
    const parent = parentOf(each);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), each]);
  }
  const found: number[] = [];
  for (let next = children.get(pid) ?? []; next.length > 0;) {
    for (const each of next) found.push(each);
    next = next.flatMap((each) => children.get(each) ?? []);
  }
  return found;
}

/**
 * Kills all processes that carry the mark, until there is none. `startedBy` is the first of them, where that began
 * so lately that process numbers cannot have gone round since: those before it are then not looked at.
 */
export function killMarked(mark: string, startedBy: number | undefined): void {
  if (!CAN_LOOK) return;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const from = startedBy !== undefined && startedBy <= latestProcess() ? startedBy : 0;
    const marked = listProcesses().filter((pid) => pid > from && isMarked(pid, mark));
    if (marked.length === 0) return;
    for (const pid of marked) killProcess(pid);
  }
}

/** Kills a process that may have ended already. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended, or became another user's, which this one may not end.
  }
}

function listProcesses(): number[] {
  try {
    return readdirSync("/proc")
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  } catch {
    // Linux without /proc: the process group has to do.
    return [];
  }
}

/** The number that was given away last; 0 where the system does not say. */
function latestProcess(): number {
  try {
    return Number(readFileSync("/proc/loadavg", "latin1").trim().split(" ").at(-1)) || 0;
  } catch {
    return 0;
  }
}

function isMarked(pid: number, mark: string): boolean {
  const environment = readProc(pid, "environ");
  // Most are not: what is rarely needed costs nothing.
  if (!environment.includes(mark)) return false;
  const prefix = `${MARK_VARIABLE}=`;
  return environment
    .split("\0")
    .some((entry) => entry.startsWith(prefix) && entry.slice(prefix.length).split(SEPARATOR).includes(mark));
}

function parentOf(pid: number): number | undefined {
  const stat = readProc(pid, "stat");
  // After the program's name, which is in parentheses and may hold some itself: the state, the parent.
  const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ", 2)[1]);
  return Number.isInteger(parent) ? parent : undefined;
}

/** Empty for a process that has ended, that is ending, or that is another user's. */
function readProc(pid: number, name: "environ" | "stat"): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch {
    return "";
  }
}
