// The mark in the environment of every process of an attempt, and the killing of all marked processes.
//
// Processes can leave a process group by starting their own session (setsid, `detached`, daemons). Once
// their parent has ended, only what they inherited links them to the attempt. Linux exposes the initial
// environment of processes. A process that clears its environment and leaves its parent can be found only
// by a cgroup.

import { readdirSync, readFileSync } from "node:fs";

/**
 * The variable of the mark. Its value contains the marks of all attempts that a process is part of,
 * outermost first.
 */
export const MARK_VARIABLE = "MEMODAG_ATTEMPTS";

const SEPARATOR = ",";

/** Maximum number of scans, for processes that fork faster than they are killed. */
const MOST_ROUNDS = 20;

/** Whether this system exposes the environment of processes. */
const CAN_LOOK = process.platform === "linux";

/**
 * Returns the value of {@link MARK_VARIABLE} for a process of the attempt, including the marks that this
 * process has itself.
 */
export function markValue(mark: string, inherited: string | undefined): string {
  return inherited === undefined || inherited === "" ? mark : inherited + SEPARATOR + mark;
}

/** Lists the descendants of a process whose parents are alive, including those in other sessions. */
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
 * Kills all processes with the mark, until there are none. `startedBy` is a process that started before all of
 * them, so recently that process ids cannot have wrapped around since: it and those before it are then skipped.
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
    // It has ended, or its id belongs to another user's process by now.
  }
}

function listProcesses(): number[] {
  try {
    return readdirSync("/proc")
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  } catch {
    // Linux without /proc: only the process group can be killed.
    return [];
  }
}

/** Returns the most recently assigned process id; 0 if the system does not expose it. */
export function latestProcess(): number {
  try {
    return Number(readFileSync("/proc/loadavg", "latin1").trim().split(" ").at(-1)) || 0;
  } catch {
    return 0;
  }
}

function isMarked(pid: number, mark: string): boolean {
  const environment = readProc(pid, "environ");
  // Most processes do not match, so check the common case cheaply.
  if (!environment.includes(mark)) return false;
  const prefix = `${MARK_VARIABLE}=`;
  return environment
    .split("\0")
    .some((entry) => entry.startsWith(prefix) && entry.slice(prefix.length).split(SEPARATOR).includes(mark));
}

function parentOf(pid: number): number | undefined {
  const stat = readProc(pid, "stat");
  // After the program's name, which is in parentheses and may contain some itself: the state, the parent.
  const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ", 2)[1]);
  return Number.isInteger(parent) ? parent : undefined;
}

/** Empty for a process that has ended, is ending, or belongs to another user. */
function readProc(pid: number, name: "environ" | "stat"): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch {
    return "";
  }
}
