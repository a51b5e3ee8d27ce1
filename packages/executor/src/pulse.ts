// Whether a worker still lives, as the system sees it.
//
// A worker sends no beats. Sent from its event loop they would stop with every handler that computes for a
// minute without a pause, as training a model does; sent from a thread of their own they would cost each
// attempt a thread's start. The worker is a child of this process on the same machine, and the system
// knows what a beat could only hint at: a process that has ended is heard of at once, and one that is
// there lives unless it was stopped. A handler that waits for ever is no matter of life: that is what
// `executionTimeout` is for.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { CancelTimer, Clock } from "@memodag/core";

/** How often a worker is looked at within the timeout. */
const LOOKS = 4;

/** What a watch over a worker needs. */
export interface PulseOptions {
  readonly pid: number;
  /** Milliseconds without a sign of life. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Called once. */
  onLost(): void;
}

/** Watches until it is told to end, or the worker was without a sign of life for the timeout. */
export function watchPulse({ pid, timeoutMs, clock, onLost }: PulseOptions): CancelTimer {
  const pauseMs = Math.max(1, timeoutMs / LOOKS);
  let stoppedMs = 0;
  let cancel: CancelTimer;
  const look = (): void => {
    // Counted in looks: while this process was stopped itself, it saw nothing.
    stoppedMs = isStopped(pid) ? stoppedMs + pauseMs : 0;
    if (stoppedMs >= timeoutMs) onLost();
    else cancel = clock.after(pauseMs, look);
  };
  cancel = clock.after(pauseMs, look);
  return () => cancel();
}

/** True for a process that a signal has stopped (SIGSTOP, Ctrl-Z) and none has let go on. */
function isStopped(pid: number): boolean {
  return stateOf(pid).startsWith("T");
}

/** The state's letter as `ps` writes it; empty when there is no such process. */
function stateOf(pid: number): string {
  if (process.platform !== "linux") {
    return spawnSync("ps", ["-o", "state=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim();
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // After the program's name, which is in parentheses and may hold some itself.
    return stat.slice(stat.lastIndexOf(")") + 2);
  } catch {
    return "";
  }
}
