// Checks whether a worker is alive, using the operating system.
//
// Workers send no heartbeats. Sent from the event loop, they would stop during any long computation, such
// as training a model; sent from a thread, they would cost each attempt the start of a thread. The worker
// is a child of this process, so the system knows better: the end of a process is reported at once, and a
// process that exists is alive unless it was stopped. For handlers that wait indefinitely, there is
// `executionTimeout`.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { CancelTimer, Clock } from "@memodag/core";

/** Number of checks of a worker within the timeout. */
const LOOKS = 4;

/** Options of a watch. */
export interface PulseOptions {
  readonly pid: number;
  /** Milliseconds for which the process may be stopped. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Called once. */
  onLost(): void;
}

/** Watches a worker until told to end, or until it was stopped for the whole timeout. */
export function watchPulse({ pid, timeoutMs, clock, onLost }: PulseOptions): CancelTimer {
  const pauseMs = Math.max(1, timeoutMs / LOOKS);
  let stoppedMs = 0;
  let cancel: CancelTimer;
  const look = (): void => {
    // Counted in checks: while this process was stopped itself, it made none.
    stoppedMs = isStopped(pid) ? stoppedMs + pauseMs : 0;
    if (stoppedMs >= timeoutMs) onLost();
    else cancel = clock.after(pauseMs, look);
  };
  cancel = clock.after(pauseMs, look);
  return () => cancel();
}

/** True for a process that was stopped by a signal (SIGSTOP, Ctrl-Z) and not resumed. */
export function isStopped(pid: number): boolean {
  return stateOf(pid).startsWith("T");
}

/** Returns the state's letter as shown by `ps`; empty if there is no such process. */
function stateOf(pid: number): string {
  if (process.platform !== "linux") {
    return spawnSync("ps", ["-o", "state=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim();
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // After the program's name, which is in parentheses and may contain some itself.
    return stat.slice(stat.lastIndexOf(")") + 2);
  } catch {
    return "";
  }
}
